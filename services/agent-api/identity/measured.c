#include "services/agent-api/identity/measured.h"

#include "lib/cbor/write.h"

#include <errno.h>
#include <unistd.h>

#define BLOCK_SIZE (64 * KIB)

void measured_done(struct measured *measured)
{
    buf_done(&measured->config);
}

static void begin(struct measured *measured, size_t members, const char *what)
{
    *measured = (struct measured){.config = BUF_OF(MEASURED_MAX), .input.mode = DICE_NORMAL};
    cbor_add_map(&measured->config, members);
    cbor_add_uint(&measured->config, 1);
    cbor_add_text(&measured->config, what);
}

static void add_registers(const struct pcr_bank *registers, struct measured *measured)
{
    struct digest *digest = digest_new(DIGEST_SHA512);

    cbor_add_uint(&measured->config, 2);
    cbor_add_array(&measured->config, (size_t)__builtin_popcount(MEASURED_REGISTERS));
    for (unsigned i = 0; i < PCR_COUNT; i++) {
        if ((MEASURED_REGISTERS >> i & 1) == 0)
            continue;
        cbor_add_bytes(&measured->config, pcr_bank_get(registers, i));
        digest_add(digest, pcr_bank_get(registers, i));
    }
    digest_finish(digest, measured->input.code);
    digest_free(digest);
}

void measured_boot(const struct pcr_bank *registers, struct span log, struct measured *ret)
{
    if (registers != NULL) {
        begin(ret, 2, "pcr-sha256");
        add_registers(registers, ret);
    } else if (log.len > 0) {
        begin(ret, 1, "event-log");
        digest_of(DIGEST_SHA512, log, ret->input.code);
    } else {
        begin(ret, 1, "platform");
    }
    ret->input.config = buf_span(&ret->config);
}

void measured_agent(const uint8_t code[static DICE_HASH_SIZE],
                    const uint8_t config_sha256[static SHA256_SIZE], struct measured *ret)
{
    begin(ret, 2, "cocos-agent");
    cbor_add_uint(&ret->config, 2);
    cbor_add_bytes(&ret->config, span_of(config_sha256, SHA256_SIZE));
    memcpy(ret->input.code, code, DICE_HASH_SIZE);
    ret->input.config = buf_span(&ret->config);
}

int measured_hash_file(int fd, uint8_t out[static DICE_HASH_SIZE], struct err *err)
{
    struct digest *digest = digest_new(DIGEST_SHA512);
    OWNED_BUF block = BUF_OF(BLOCK_SIZE);
    uint8_t *bytes = buf_grow(&block, BLOCK_SIZE);
    ssize_t got;

    while ((got = read(fd, bytes, BLOCK_SIZE)) != 0) {
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            digest_free(digest);
            return err_set_errno(err, ERR_SYSTEM, "read a program");
        }
        digest_add(digest, span_of(bytes, (size_t)got));
    }
    digest_finish(digest, out);
    digest_free(digest);
    return 0;
}
