/* SNP ID blocks and what authenticates them: 96 bytes of the one, the rest of the other. A block
 * that is taken is written back as it was. */
#include "lib/attest/reference/snp_id_block.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span block = span_part(span_of(data, size), 0, SNP_ID_BLOCK_SIZE);
    struct span auth = span_part(span_of(data, size), SNP_ID_BLOCK_SIZE, size);
    uint8_t again[SNP_ID_BLOCK_SIZE];
    struct snp_id_digests digests;
    struct snp_id_block decoded;
    struct err err;

    if (snp_id_block_decode(block, &decoded, &err) < 0)
        return 0;
    snp_id_block_encode(&decoded, again);
    if (!span_equal(SPAN_OF_ARRAY(again), block))
        abort();
    if (snp_id_auth_check(block, auth, &digests, &err) < 0 && err.kind != ERR_INPUT &&
        err.kind != ERR_UNTRUSTED)
        abort();
    return 0;
}
