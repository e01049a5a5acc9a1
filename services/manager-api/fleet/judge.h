/* What the evidence that one VM gives is worth: reads its share, asks the confined verifier, and
 * says what came of it. Knows nothing of fleets, and takes no lock. */
#ifndef COCOS_MANAGER_FLEET_JUDGE_H
#define COCOS_MANAGER_FLEET_JUDGE_H

#include "services/manager-api/link/share.h"
#include "services/manager-api/link/watch.h"

#define JUDGE_EVIDENCE    "evidence.json" /* in the guest's half of the share */
#define JUDGE_REASON_SIZE 1024

struct judgement {
    /* What is asked. */
    const char *verifier; /* path of cocos-cli */
    struct share_paths paths;
    uint8_t nonce[VM_NONCE_SIZE];
    char pin[SHARE_PIN_SIZE];    /* of the key that the agent says it has */
    char failure[SHARE_ID_SIZE]; /* what the agent could not use, in its own word; "": nothing */
    bool proven;                 /* evidence of this VM was accepted before, for another key */

    /* What came of it. Only evidence of that very key is ACCEPTED. */
    enum {
        JUDGED_REJECTED,
        JUDGED_ACCEPTED,
        JUDGED_OTHER_KEY, /* it would be accepted for the key that it names */
        JUDGED_NOT,       /* this host could not look, which says nothing of the guest */
    } result;
    struct json *verdict; /* NULL: there is none; the caller's to free */
    struct watch_mark evidence;
    char reason[JUDGE_REASON_SIZE]; /* of everything but ACCEPTED */
};

/* Fills in what came of it. May take as long as the verifier's time-out. */
void judge(struct judgement *judgement);

#endif
