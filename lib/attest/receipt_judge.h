/* What a receipt is worth: anybody can sign one, so the question is whose key it was.
 *
 * The agent makes evidence for each receipt, and names it by its digest. A receipt is accepted when
 * that evidence is, by the reader's policy; when the machine shows the manifest that the receipt is
 * about; when the DICE layer that certified the server's key of the transcript is that manifest's;
 * and when the key that signed is that one, or another that the same layer certified.
 *
 * Freshness is no question here: the evidence says whose a key is, and a key of a machine that
 * computes one manifest says no more tomorrow than today. So its own nonce is taken for asked.
 *
 * The verdict is that about the evidence, with what there is to say of the receipt added; see
 * attest.h. Pure, offline, and the same for ever: the time that counts is the caller's. */
#ifndef COCOS_ATTEST_RECEIPT_JUDGE_H
#define COCOS_ATTEST_RECEIPT_JUDGE_H

#include "lib/attest/attest.h"
#include "lib/attest/receipt.h"

/* A file that somebody has and takes for the result. */
struct receipt_result_file {
    uint8_t sha256[SHA256_SIZE];
    uint64_t bytes;
};

struct receipt_question {
    struct span receipt;       /* a rendering, or the signed one alone */
    struct attest_input given; /* evidence (a bundle), who vouches, policy and time; what is asked
                                  of it is filled in here */
    const struct receipt_result_file *result; /* NULL: nobody asks about one */
};

/* Judges. On success the verdict is filled, whatever it says; ret gets what the receipt says when
 * it could be read (an empty one otherwise) and is the caller's, like the verdict. Errors: what
 * attest_validate() says. */
MUST_USE int receipt_judge(const struct receipt_question *question, struct receipt *ret,
                           struct verdict *verdict, struct err *err);

#endif
