/* The verifier as a child of the manager: it reads what a guest wrote, so it runs where a mistake
 * of it costs nothing (confine.h). It gets evidence and policy as open files, and says its verdict
 * on a pipe.
 *
 * The child is this program started afresh, which shuts the doors behind itself and then becomes
 * `cocos-cli attestation validate`. Where the doors cannot be shut it does not go on. */
#ifndef COCOS_MANAGER_LINK_VERIFIER_H
#define COCOS_MANAGER_LINK_VERIFIER_H

#include "lib/base/err.h"
#include "lib/json/json.h"

#define VERIFIER_TIMEOUT_MS 60000
#define VERIFIER_ANSWER_MAX (4 * MIB)

/* For the first lines of main(): whether this process is to be the child, and becoming it. Returns
 * the exit code when that fails. */
bool verifier_is_child(int argc, char **argv);
int verifier_become(char **argv);

struct verifier_question {
    const char *program; /* path of cocos-cli, which anybody may run */
    struct span evidence;
    struct span policy;
    const char *nonce; /* hex */
};

/* Asks. The verdict, whatever it says, as docs/attestation.md has it; *ret_accepted is true only
 * when verdict and exit code agree that it accepts. Errors: TIMEOUT, SYSTEM (it could not be
 * started or confined, or said nothing that can be read; in its own words where it has some). */
MUST_USE int verifier_ask(const struct verifier_question *question, struct json **ret,
                          bool *ret_accepted, struct err *err);

#endif
