/* Policies from a release record, and the reference values in it. */
#include "tests/unit/api/record_make.h"

#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" /* SHA-256 */
#define ONES  "1111111111111111111111111111111111111111111111111111111111111111"

static const char shapes[] = "{\"pcrs\":{\"1\":\"" ONES "\",\"11\":\"" ZEROS "\"},\"shapes\":["
                             "{\"memory_mib\":512,\"cpus\":1,\"pcrs\":{\"4\":\"" ZEROS "\"}},"
                             "{\"memory_mib\":512,\"cpus\":2,\"pcrs\":{\"4\":\"" ZEROS "\"}},"
                             "{\"memory_mib\":2816,\"memory_mib_max\":4096,\"cpus\":1,"
                             "\"pcrs\":{\"0\":[\"" ZEROS "\",\"" ONES "\"],\"4\":\"" ONES "\"}}]}";

static int read_record(const char *reference, struct image_record *ret, struct err *err)
{
    OWNED_BUF more = BUF_OF(64 * KIB);

    if (reference != NULL)
        buf_printf(&more, ",\"reference\":%s", reference);
    return make_record(buf_str(&more), ret, err);
}

static int make_policy(const struct image_record *record, uint32_t memory_mib, uint32_t cpus,
                       struct json **ret, struct err *err)
{
    const struct image_vm vm = {API_PLATFORM_VM, memory_mib, cpus, {0}, false, false};

    return image_make_policy(record, &vm, ret, err);
}

static void values_that_are_none_are_refused_where_they_stand(void **state)
{
    static const struct {
        const char *reference, *pointer;
    } cases[] = {
        {"{}", "/reference/pcrs"},
        {"{\"pcrs\":{},\"shapes\":[]}", "/reference/shapes"},
        {"{\"pcrs\":[],\"shapes\":[{\"memory_mib\":1,\"cpus\":1,\"pcrs\":{}}]}", "/reference/pcrs"},
        {"{\"pcrs\":{\"24\":\"" ONES "\"},\"shapes\":[{\"memory_mib\":1,\"cpus\":1,\"pcrs\":{}}]}",
         "/reference/pcrs/24"},
        {"{\"pcrs\":{},\"shapes\":[{\"memory_mib\":1,\"cpus\":1,\"pcrs\":{\"4\":\"12\"}}]}",
         "/reference/shapes/0/pcrs/4"},
        {"{\"pcrs\":{},\"shapes\":[{\"memory_mib\":1,\"cpus\":1,\"pcrs\":{\"4\":[1]}}]}",
         "/reference/shapes/0/pcrs/4"},
        {"{\"pcrs\":{},\"shapes\":[{\"memory_mib\":1,\"cpus\":0,\"pcrs\":{}}]}",
         "/reference/shapes/0/cpus"},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_IMAGE_RECORD record = {0};

        assert_fails(read_record(cases[i].reference, &record, &err), ERR_INPUT);
        assert_string_equal(err.pointer, cases[i].pointer);
    }
}

static void shape_that_the_record_does_not_know_is_a_conflict_that_tells_which_it_knows(
    void **state)
{
    OWNED_IMAGE_RECORD record = {0};
    struct json *policy = NULL;
    struct err err;

    (void)state;
    assert_ok(read_record(shapes, &record, &err));
    assert_fails(make_policy(&record, 513, 1, &policy, &err), ERR_STATE);
    assert_non_null(strstr(err.text, "it has 512, 2816 to 4096 MiB, each with 1, 2 vCPUs"));
    assert_fails(make_policy(&record, 512, 3, &policy, &err), ERR_STATE);
    assert_non_null(strstr(err.text, "--memory 512 --cpus 3"));
    assert_null(strstr(err.text, "--record"));
    assert_fails(make_policy(&record, 4097, 1, &policy, &err), ERR_STATE);
    assert_non_null(strstr(err.text, "--memory 4097 --cpus 1 --record EVENT-LOG"));
    assert_fails(make_policy(&record, 2815, 1, &policy, &err), ERR_STATE);
    assert_null(policy);
}

/* The member "secure_boot" of a record; at: where the program lies on a disk of three bytes. */
static char *secure_boot(unsigned at, const char *db, const char *reference)
{
    return mem_printf(
        "{\"firmware\":{\"file\":\"f\",\"sha256\":\"" ZEROS
        "\",\"bytes\":3},\"variables\":{\"file\":"
        "\"v\",\"sha256\":\"" ZEROS "\",\"bytes\":3},\"disk\":{\"file\":\"d\",\"sha256\":\"" ZEROS
        "\",\"bytes\":3},\"program_at\":%u,\"program_bytes\":2,\"certificate_sha256\":\"" ZEROS
        "\",\"pk\":\"a2V5\",\"kek\":\"a2V5\",\"db\":\"%s\",\"dbx\":\"\"%s%s}",
        at, db, reference ? ",\"reference\":" : "", reference ? reference : "");
}

static int read_signed(char *boot, struct image_record *ret, struct err *err)
{
    OWNED(free_str) char *text = mem_printf("%s,\"secure_boot\":%s", shapes, boot);

    free(boot);
    return read_record(text, ret, err);
}

static void secure_boot_that_is_not_whole_is_refused_where_it_stands(void **state)
{
    const struct {
        char *boot;
        const char *pointer;
    } cases[] = {
        {secure_boot(2, "a2V5", NULL), "/secure_boot/program_bytes"},
        {secure_boot(1, "", NULL), "/secure_boot/db"},
        {secure_boot(1, "a2V5",
                     "{\"pcrs\":[],\"shapes\":[{\"memory_mib\":1,\"cpus\":1,\"pcrs\":{}}]}"),
         "/secure_boot/reference/pcrs"},
        {mem_strdup("{}"), "/secure_boot/firmware"},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_IMAGE_RECORD record = {0};

        assert_fails(read_signed(cases[i].boot, &record, &err), ERR_INPUT);
        assert_string_equal(err.pointer, cases[i].pointer);
    }
}

static void vm_with_secure_boot_has_registers_of_its_own(void **state)
{
    const char *reference =
        "{\"pcrs\":{\"7\":\"" ONES "\"},\"shapes\":[{\"memory_mib\":256,\"cpus\":1,"
        "\"pcrs\":{\"4\":\"" ONES "\"}}]}";
    const struct image_vm known = {API_PLATFORM_VM, 256, 1, {0}, true, false};
    const struct image_vm unknown = {API_PLATFORM_VM, 512, 1, {0}, true, false};
    OWNED_IMAGE_RECORD record = {0}, bare = {0};
    OWNED_JSON *policy = NULL;
    OWNED_BUF text = BUF_OF(4 * KIB);
    struct err err;

    (void)state;
    assert_ok(read_signed(secure_boot(1, "a2V5", reference), &record, &err));
    assert_true(image_has_secure_boot(&record));
    assert_ok(image_make_policy(&record, &known, &policy, &err));
    json_write(json_get(json_get(policy, "vtpm"), "pcrs"), &text);
    assert_string_equal(buf_str(&text), "{\"sha256\":{\"4\":\"" ONES "\",\"7\":\"" ONES "\"}}");
    assert_fails(image_make_policy(&record, &unknown, &policy, &err), ERR_STATE);
    assert_non_null(strstr(err.text, "with Secure Boot"));
    assert_ok(read_signed(secure_boot(1, "a2V5", NULL), &bare, &err));
    assert_fails(image_make_policy(&bare, &known, &policy, &err), ERR_STATE);
}

static void record_without_values_gives_no_policy(void **state)
{
    OWNED_IMAGE_RECORD record = {0};
    struct json *policy = NULL;
    struct err err;

    (void)state;
    assert_ok(read_record(NULL, &record, &err));
    assert_fails(make_policy(&record, 512, 1, &policy, &err), ERR_STATE);
    assert_non_null(strstr(err.text, "build it anew"));
}

static void policy_joins_what_all_shapes_share_and_what_this_one_has(void **state)
{
    OWNED_IMAGE_RECORD record = {0};
    OWNED_JSON *policy = NULL;
    OWNED_BUF text = BUF_OF(4 * KIB);
    struct err err;

    (void)state;
    assert_ok(read_record(shapes, &record, &err));
    assert_ok(make_policy(&record, 3000, 1, &policy, &err));
    json_write(policy, &text);
    assert_string_equal(buf_str(&text),
                        "{\"version\":1,\"platforms\":[\"vtpm\"],\"vtpm\":{\"pcrs\":{\"sha256\":{"
                        "\"0\":[\"" ZEROS "\",\"" ONES "\"],\"1\":\"" ONES "\",\"4\":\"" ONES
                        "\",\"11\":\"" ZEROS "\"}},\"initrd_sha256\":\"" EMPTY
                        "\",\"emulated\":true}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_that_are_none_are_refused_where_they_stand),
        cmocka_unit_test(
            shape_that_the_record_does_not_know_is_a_conflict_that_tells_which_it_knows),
        cmocka_unit_test(secure_boot_that_is_not_whole_is_refused_where_it_stands),
        cmocka_unit_test(vm_with_secure_boot_has_registers_of_its_own),
        cmocka_unit_test(record_without_values_gives_no_policy),
        cmocka_unit_test(policy_joins_what_all_shapes_share_and_what_this_one_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
