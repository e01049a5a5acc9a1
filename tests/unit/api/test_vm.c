#include "tests/unit/unit.h"

#include "lib/api/vm.h"

static void a_spec_has_defaults_for_all_it_leaves_out(void **state)
{
    OWNED_VM_SPEC spec = VM_SPEC_DEFAULTS;
    struct err err;

    (void)state;
    assert_ok(json_decode_text(span_of_str("{}"), &vm_spec_table, &spec, &err));
    assert_int_equal(spec.cpus, 1);
    assert_int_equal(spec.platform, API_PLATFORM_AUTO);
    assert_string_equal(api_log_level_names[spec.log_level], "info");
    assert_int_equal(spec.memory_mib, 0);
    assert_int_equal(spec.ttl, 0);
    assert_null(spec.name);
}

static void a_spec_out_of_bounds_is_refused_with_its_place(void **state)
{
    static const struct {
        const char *text;
        const char *pointer;
    } cases[] = {
        {"{\"cpus\":0}", "/cpus"},
        {"{\"cpus\":65}", "/cpus"},
        {"{\"memory_mib\":127}", "/memory_mib"},
        {"{\"memory_mib\":0}", "/memory_mib"},
        {"{\"ttl\":\"999ms\"}", "/ttl"},
        {"{\"ttl\":\"400d\"}", "/ttl"},
        {"{\"name\":\"\"}", "/name"},
        {"{\"platform\":\"sgx\"}", "/platform"},
        {"{\"secure_boot\":1}", "/secure_boot"},
        {"{\"owner_key\":7}", "/owner_key"},
        {"{\"cores\":1}", "/cores"},
    };
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_VM_SPEC spec = VM_SPEC_DEFAULTS;

        assert_fails(json_decode_text(span_of_str(cases[i].text), &vm_spec_table, &spec, &err),
                     ERR_INPUT);
        assert_string_equal(err.pointer, cases[i].pointer);
    }
}

static void a_vm_is_told_and_understood_alike(void **state)
{
    OWNED_VM vm = {.id = mem_strdup("1"),
                   .name = mem_strdup("iris"),
                   .owner = mem_strdup("alice"),
                   .image = mem_strdup("eos"),
                   .platform = API_PLATFORM_VM,
                   .cpus = 1,
                   .memory_mib = 512,
                   .state = API_VM_FAILED,
                   .failure = {mem_strdup("boot"), mem_strdup("it did not")},
                   .created_at = 1700000000};
    OWNED_JSON *json = json_encode(&vm_table, &vm);
    OWNED_VM again = {0};
    struct err err;

    (void)state;
    assert_string_equal(json_get_str(json, "state"), "failed");
    assert_string_equal(json_get_str(json_get(json, "failure"), "kind"), "boot");
    assert_int_equal(json_kind_of(json_get(json, "agent_url")), JSON_KIND_NULL);
    assert_int_equal(json_kind_of(json_get(json, "expires_at")), JSON_KIND_NULL);
    assert_int_equal(json_kind_of(json_get(json_get(json, "computation"), "state")),
                     JSON_KIND_NULL);
    assert_ok(json_decode(json, &vm_table, &again, &err));
    assert_int_equal(again.state, API_VM_FAILED);
    assert_string_equal(again.failure.detail, "it did not");
}

static void a_vm_that_did_not_fail_has_no_failure(void **state)
{
    OWNED_VM vm = {.id = mem_strdup("1"), .created_at = 1};
    OWNED_JSON *json = json_encode(&vm_table, &vm);

    (void)state;
    assert_null(json_get(json, "failure"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_spec_has_defaults_for_all_it_leaves_out),
        cmocka_unit_test(a_spec_out_of_bounds_is_refused_with_its_place),
        cmocka_unit_test(a_vm_is_told_and_understood_alike),
        cmocka_unit_test(a_vm_that_did_not_fail_has_no_failure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
