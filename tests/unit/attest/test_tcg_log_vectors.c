/* Genuine event logs against the register values that others computed. */
#include "tests/unit/attest/vectors.h"

#include "lib/attest/evidence/tcg_log.h"

static void parse_and_replay(struct span in, enum digest_alg alg, struct pcr_bank *bank)
{
    struct tcg_log log;
    struct err err;

    assert_ok(tcg_log_parse(in, &log, &err));
    assert_ok(tcg_log_replay(&log, alg, bank, &err));
}

static void assert_register(const char *name, const struct pcr_bank *bank, unsigned index,
                            const char *hex)
{
    char text[2 * DIGEST_SIZE_MAX + 1];

    text_hex(bank->value[index], digest_size(bank->alg), text);
    if (strcasecmp(text, hex) != 0)
        fail_msg("%s: %s register %u is %s, expected %s", name, digest_name(bank->alg), index, text,
                 hex);
}

/* --- go-tpm-tools: a JSON of registers ------------------------------------------------------- */

static void check_bank(const char *file, struct span log, const char *bank_name,
                       const struct json *registers)
{
    enum digest_alg alg = strcmp(bank_name, "SHA1") == 0 ? DIGEST_SHA1 : DIGEST_SHA256;
    const struct json *value;
    const char *key = NULL;
    struct pcr_bank bank;

    parse_and_replay(log, alg, &bank);
    while ((value = json_next(registers, &key)) != NULL)
        assert_register(file, &bank, (unsigned)strtoul(key, NULL, 10), json_str(value));
}

static void replay_gives_the_registers_of_go_tpm_tools(void **state)
{
    OWNED_JSON *cases =
        (need_vectors(), vector_read_json("tcglog/go-tpm-tools/expected-pcrs-open.json"));
    const char *name = NULL, *bank_name;
    const struct json *entry, *registers;
    size_t checked = 0;

    (void)state;
    while ((entry = json_next(cases, &name)) != NULL) {
        OWNED_BUF log = BUF_OF(TCG_LOG_SIZE_MAX);
        char path[256];

        snprintf(path, sizeof(path), "tcglog/go-tpm-tools/%s", json_get_str(entry, "file"));
        if (json_get_str(entry, "file") == NULL || !vector_exists(path))
            continue;
        vector_read(path, &log);
        bank_name = NULL;
        while ((registers = json_next(json_get(entry, "banks"), &bank_name)) != NULL) {
            check_bank(path, buf_span(&log), bank_name, registers);
            checked++;
        }
    }
    assert_true(checked >= 15);
}

/* --- tpm2-tools: the end of a YAML file ------------------------------------------------------ */

/* "    4  : 0xee01..." under "  sha1:" under "pcrs:". Returns how many lines there were. */
static size_t check_yaml_registers(const char *name, char *yaml, struct span log)
{
    char *at = strstr(yaml, "\npcrs:"), *line, *save = NULL;
    struct pcr_bank bank = {0};
    size_t count = 0;
    enum digest_alg alg;

    if (at == NULL)
        return 0;
    for (line = strtok_r(at + 6, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        char word[32], value[160];
        unsigned index;

        if (sscanf(line, "    %u : 0x%159s", &index, value) == 2) {
            assert_register(name, &bank, index, value);
            count++;
        } else if (sscanf(line, "  %31[a-z0-9_]:", word) == 1) {
            assert_true(pcr_alg_of_name(word, &alg));
            parse_and_replay(log, alg, &bank);
        }
    }
    return count;
}

static size_t registers_checked;

static void check_tpm2_tools_log(const char *name)
{
    OWNED_BUF log = BUF_OF(TCG_LOG_SIZE_MAX), yaml = BUF_OF(16 * MIB);
    char path[1024];

    snprintf(path, sizeof(path), "tcglog/tpm2-tools/event-pretty/%s.yaml", strrchr(name, '/') + 1);
    if (!vector_exists(path))
        snprintf(path, sizeof(path), "%s.yaml", name);
    vector_read(name, &log);
    vector_read(path, &yaml);
    buf_str(&yaml);
    registers_checked += check_yaml_registers(name, (char *)yaml.data, buf_span(&log));
}

static void replay_gives_the_registers_of_tpm2_tools(void **state)
{
    (void)state;
    registers_checked = 0;
    assert_int_equal(vector_each("tcglog/tpm2-tools", ".bin", check_tpm2_tools_log), 12);
    assert_true(registers_checked >= 100);
}

/* --- go-eventlog: logs that were read from machines with an old TPM too ----------------------- */

static void check_legacy_log(const char *name)
{
    OWNED_BUF bytes = BUF_OF(TCG_LOG_SIZE_MAX);
    struct pcr_bank bank;
    struct tcg_log log;
    enum digest_alg alg;
    struct err err;

    vector_read(name, &bytes);
    if (tcg_log_parse(buf_span(&bytes), &log, &err) < 0)
        fail_msg("%s: %s", name, err.text);
    assert_ok(tcg_log_choose_bank(&log, &alg, &err));
    assert_ok(tcg_log_replay(&log, alg, &bank, &err));
}

static void odd_but_genuine_logs_are_read(void **state)
{
    (void)state;
    assert_int_equal(vector_each("tcglog/go-eventlog-legacy", "_eventlog", check_legacy_log), 7);
}

/* What the TPM of that machine answered, against what its log says. */
static void check_dump(const char *name, enum digest_alg alg, uint32_t registers)
{
    OWNED_JSON *dump = vector_read_json(name);
    const struct json *log_part = json_get(dump, "Log"), *values = json_get(log_part, "PCRs");
    OWNED_BUF log = BUF_OF(TCG_LOG_SIZE_MAX);
    struct pcr_bank bank;
    uint32_t seen = 0;
    struct err err;

    assert_ok(text_decode_base64(span_of_str(json_get_str(log_part, "Raw")), &log, &err));
    parse_and_replay(buf_span(&log), alg, &bank);
    for (size_t i = 0; i < json_count(values); i++) {
        OWNED_BUF value = BUF_OF(DIGEST_SIZE_MAX);
        const struct json *row = json_at(values, i);
        unsigned index = (unsigned)json_get_int(row, "Index");

        if ((registers >> index & 1) == 0)
            continue;
        assert_ok(text_decode_base64(span_of_str(json_get_str(row, "Digest")), &value, &err));
        if (value.len != digest_size(alg))
            continue;
        if (!span_equal(buf_span(&value), pcr_bank_get(&bank, index)))
            fail_msg("%s: register %u differs", name, index);
        seen |= 1u << index;
    }
    assert_int_equal(seen, registers);
}

static void replay_gives_what_the_tpm_answered(void **state)
{
    (void)state;
    need_vectors();
    check_dump("tcglog/go-eventlog-legacy/windows_gcp_shielded_vm.json", DIGEST_SHA1, 0x70ff);
    check_dump("tcglog/go-eventlog-legacy/linux_tpm12.json", DIGEST_SHA1, 0x00ff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replay_gives_the_registers_of_go_tpm_tools),
        cmocka_unit_test(replay_gives_the_registers_of_tpm2_tools),
        cmocka_unit_test(odd_but_genuine_logs_are_read),
        cmocka_unit_test(replay_gives_what_the_tpm_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
