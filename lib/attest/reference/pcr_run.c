#include "lib/attest/reference/pcr_run.h"

#include "lib/attest/evidence/run_log.h"

#define CONFIG_MAX (4 * MIB)

/* What the host chooses anew for each VM or boot, and what is therefore not measured. */
static const char *const not_measured[] = {"boot_nonce", "vm_id"};

static bool is_measured(const char *key)
{
    for (size_t i = 0; i < COUNT_OF(not_measured); i++)
        if (strcmp(key, not_measured[i]) == 0)
            return false;
    return true;
}

int pcr_run_config_digest(const struct json *config, uint8_t out[static SHA256_SIZE],
                          struct err *err)
{
    OWNED_JSON *measured = json_new_object();
    OWNED_BUF text = BUF_OF(CONFIG_MAX);
    const struct json *member;
    const char *key = NULL;

    if (json_kind_of(config) != JSON_KIND_OBJECT)
        return err_set(err, ERR_INPUT, "configuration: is no object");
    while ((member = json_next(config, &key)) != NULL)
        if (is_measured(key))
            json_set(measured, key, json_new_copy(member));
    if (json_canonical(measured, &text, err) < 0 || buf_check(&text, "the canonical form", err) < 0)
        return err_wrap(err, "configuration");
    digest_of(DIGEST_SHA256, buf_span(&text), out);
    return 0;
}

/* Registers and size are right by construction. */
static void extend(struct run_registers *registers, const uint8_t digest[static SHA256_SIZE])
{
    struct err err;

    if (run_registers_extend(registers, span_of(digest, SHA256_SIZE), &err) < 0)
        abort();
}

void pcr_run_predict(const struct pcr_run_story *story, struct pcr_run *ret)
{
    struct run_registers registers;
    uint8_t end[SHA256_SIZE];

    run_registers_init(&registers);
    extend(&registers, story->config);
    for (size_t i = 0; i < story->count; i++) {
        extend(&registers, story->manifests[i]);
        if (i + 1 == story->count && !story->ended)
            break;
        run_end_digest(story->manifests[i], end);
        extend(&registers, end);
    }
    memcpy(ret->pcr, registers.pcrs.value[RUN_PCR], SHA256_SIZE);
    memcpy(ret->rtmr, registers.rtmrs.value[RUN_RTMR], SHA384_SIZE);
}
