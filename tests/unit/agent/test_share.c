#include "tests/unit/unit.h"

#include "lib/program/log.h"
#include "services/agent-api/link/share.h"

#include <sys/stat.h>
#include <unistd.h>

#define NONCE "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
#define MUST  "\"version\":1,\"vm_id\":\"vm-1\",\"boot_nonce\":\"" NONCE "\""

static int parse(const char *text, struct share_config *ret, struct err *err)
{
    return share_parse_config(span_of_str(text), ret, err);
}

static void a_config_is_read(void **state)
{
    struct share_config config;
    struct err err;

    (void)state;
    assert_ok(
        parse("{" MUST ",\"log_level\":\"debug\",\"cvms_url\":\"https://x:1\"}", &config, &err));
    assert_true(config.present);
    assert_string_equal(config.vm_id, "vm-1");
    assert_int_equal(config.boot_nonce.len, 32);
    assert_int_equal(config.log_level, LOG_DEBUG);
    assert_false(config.grpc);
    assert_null(config.owner);
    share_config_done(&config);
    assert_null(config.vm_id);
    assert_ok(parse("{" MUST ",\"grpc\":true}", &config, &err));
    assert_true(config.grpc);
    share_config_done(&config);
}

static void an_owner_is_a_key(void **state)
{
    OWNED_BUF pem = BUF_OF(4096);
    OWNED_KEY *key = NULL;
    OWNED_JSON *json = NULL;
    OWNED_BUF text = BUF_OF(8192);
    struct share_config config;
    struct err err;

    (void)state;
    assert_ok(key_generate(KEY_ED25519, 0, &key, &err));
    key_write_public_pem(key, &pem);
    assert_ok(json_parse(span_of_str("{" MUST "}"), &json, &err));
    json_set_str(json, "owner_key", buf_str(&pem));
    json_write(json, &text);
    assert_ok(parse(buf_str(&text), &config, &err));
    assert_true(key_equal(config.owner, key));
    share_config_done(&config);
}

static void a_bad_config_is_refused(void **state)
{
    const struct {
        const char *text;
        enum err_kind kind;
        const char *pointer;
    } rows[] = {
        {"", ERR_MALFORMED, ""},
        {"{" MUST, ERR_MALFORMED, ""},
        {"{}", ERR_INPUT, "/version"},
        {"{" MUST ",\"vm_id\":\"x\"}", ERR_INPUT, "/vm_id"},
        {"{" MUST ",\"secret\":\"x\"}", ERR_INPUT, "/secret"},
        {"{" MUST ",\"log_level\":\"loud\"}", ERR_INPUT, "/log_level"},
        {"{" MUST ",\"grpc\":1}", ERR_INPUT, "/grpc"},
        {"{" MUST ",\"owner_key\":\"x\"}", ERR_INPUT, "/owner_key"},
        {"{\"version\":2,\"vm_id\":\"a\",\"boot_nonce\":\"" NONCE "\"}", ERR_INPUT, "/version"},
        {"{\"version\":1,\"vm_id\":\"a\",\"boot_nonce\":\"AAAA\"}", ERR_INPUT, "/boot_nonce"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct share_config config;
        struct err err;

        assert_int_equal(parse(rows[i].text, &config, &err), -1);
        if (err.kind != rows[i].kind || strcmp(err.pointer, rows[i].pointer) != 0)
            fail_msg("%s: kind %d, pointer '%s'", rows[i].text, err.kind, err.pointer);
        assert_null(config.vm_id);
        assert_int_equal(config.log_level, -1);
    }
}

static void an_empty_share_is_no_config_and_no_manifest(void **state)
{
    char dir[] = "/tmp/cocos-share-XXXXXX";
    struct share_config config;
    OWNED_BUF manifest = BUF_OF(64 * KIB);
    struct err err;

    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_ok(share_load_config(dir, &config, &err));
    assert_false(config.present);
    assert_ok(share_read_manifest(dir, &manifest, &err));
    assert_int_equal(manifest.len, 0);
    assert_int_equal(rmdir(dir), 0);
    assert_ok(share_load_config(dir, &config, &err));
}

static void links_are_not_followed(void **state)
{
    char dir[] = "/tmp/cocos-share-XXXXXX";
    OWNED(free_str) char *in = NULL;
    OWNED(free_str) char *path = NULL;
    struct share_config config;
    struct err err;

    (void)state;
    assert_non_null(mkdtemp(dir));
    in = mem_printf("%s/in", dir);
    path = mem_printf("%s/config.json", in);
    assert_int_equal(mkdir(in, 0755), 0);
    assert_int_equal(symlink("/etc/hostname", path), 0);
    assert_fails(share_load_config(dir, &config, &err), ERR_INPUT);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(in), 0);
    assert_int_equal(symlink("/etc", in), 0);
    assert_int_equal(share_load_config(dir, &config, &err), -1);
    assert_ok(file_remove_tree(dir, &err));
}

static void what_is_measured_is_the_config_without_what_changes_at_every_start(void **state)
{
    static const char same[] = "{\"log_level\":\"debug\",\"version\":1,\"vm_id\":\"vm-2\","
                               "\"boot_nonce\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}";
    const struct span measured = span_of_str("{\"log_level\":\"debug\",\"version\":1}");
    struct share_config config, other, none = share_no_config();
    uint8_t expected[SHA256_SIZE];
    struct err err;

    (void)state;
    assert_ok(parse("{" MUST ", \"log_level\": \"debug\"}", &config, &err));
    assert_ok(parse(same, &other, &err));
    digest_of(DIGEST_SHA256, measured, expected);
    assert_memory_equal(config.sha256, expected, SHA256_SIZE);
    assert_memory_equal(other.sha256, expected, SHA256_SIZE);
    share_config_done(&config);
    share_config_done(&other);

    digest_of(DIGEST_SHA256, span_of_str("{}"), expected);
    assert_memory_equal(none.sha256, expected, SHA256_SIZE);
    assert_fails(parse("{", &config, &err), ERR_MALFORMED);
    assert_memory_equal(config.sha256, expected, SHA256_SIZE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_config_is_read),
        cmocka_unit_test(an_owner_is_a_key),
        cmocka_unit_test(what_is_measured_is_the_config_without_what_changes_at_every_start),
        cmocka_unit_test(a_bad_config_is_refused),
        cmocka_unit_test(an_empty_share_is_no_config_and_no_manifest),
        cmocka_unit_test(links_are_not_followed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
