/* A receipt with something in every field, for tests. */
#ifndef COCOS_TESTS_ATTEST_RECEIPT_MAKE_H
#define COCOS_TESTS_ATTEST_RECEIPT_MAKE_H

#include "tests/unit/unit.h"

#include "lib/attest/receipt.h"

static inline struct json_bytes receipt_hash(uint8_t fill)
{
    struct json_bytes bytes = {.present = true, .len = 32};

    memset(bytes.data, fill, 32);
    return bytes;
}

static inline void receipt_make(struct receipt *receipt)
{
    struct receipt_dataset *dataset = mem_new(struct receipt_dataset);
    char **args = mem_zeroed(2, sizeof(char *));

    args[0] = mem_strdup("--epochs");
    args[1] = mem_strdup("10");
    *dataset = (struct receipt_dataset){mem_strdup("iris.csv"), receipt_hash(3)};
    *receipt = (struct receipt){
        .manifest_sha256 = receipt_hash(1),
        .algorithm = {mem_strdup("python"), receipt_hash(2), {args, 2}},
        .datasets = {dataset, 1},
        .runtime = {mem_strdup("python"), mem_strdup("3.11.2"), receipt_hash(4)},
        .sandbox = {mem_strdup("strict"), true},
        .result = {receipt_hash(5), {0}, 1234},
        .exit = {mem_strdup("done"), 0},
        .started_at = 1700000000,
        .ended_at = 1700000060,
        .evidence_sha256 = receipt_hash(6),
    };
}

#endif
