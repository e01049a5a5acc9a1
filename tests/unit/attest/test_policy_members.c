#include "tests/unit/unit.h"

#include "lib/attest/policy_members.h"

/* Walks the schema; calls check with the path of every member that holds a value. */
static void walk(const struct json_table *table, const char *prefix,
                 void (*check)(const char *path))
{
    for (size_t i = 0; i < table->count; i++) {
        const struct json_field *field = &table->fields[i];
        OWNED(free_str)
        char *path = mem_printf("%s%s%s", prefix, prefix[0] != '\0' ? "." : "", field->key);

        if (field->type == JSON_TYPE_OBJECT)
            walk(field->table, path, check);
        else
            check(path);
    }
}

static void has_a_row(const char *path)
{
    size_t rows = 0;

    for (const struct policy_member *member = policy_members; member->part != NULL; member++) {
        OWNED(free_str)
        char *name =
            mem_printf("%s%s%s", member->part, member->part[0] != '\0' ? "." : "", member->name);

        rows += strcmp(name, path) == 0;
    }
    if (strcmp(path, "version") != 0 && rows != 1)
        fail_msg("%s has %zu rows", path, rows);
}

static void every_member_of_the_schema_has_one_row(void **state)
{
    (void)state;
    walk(&policy_table, "", has_a_row);
}

static const struct policy_member *find(const char *part, const char *name)
{
    const struct policy_member *member = policy_members;

    while (strcmp(member->part, part) != 0 || strcmp(member->name, name) != 0)
        member++;
    return member;
}

static void absence_has_four_forms(void **state)
{
    static const char *const texts[] = {"{}", "{\"snp\":{}}", "{\"snp\":{\"measurement\":null}}",
                                        "{\"snp\":{\"measurement\":[]}}"};
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        OWNED_JSON *json = NULL;

        assert_ok(json_parse(span_of_str(texts[i]), &json, &err));
        assert_null(policy_member_get(json, find("snp", "measurement")));
        assert_null(policy_member_get(json, find("snp", "min_tcb.bl")));
        assert_null(policy_member_get(json, find("", "waive")));
    }
}

static void values_are_added_where_they_belong(void **state)
{
    OWNED_JSON *json = NULL;
    OWNED_BUF text = BUF_OF(4096);
    struct err err;

    (void)state;
    assert_ok(json_parse(span_of_str("{\"snp\":{\"host_data\":\"00\"}}"), &json, &err));
    assert_true(policy_member_add(json, find("snp", "host_data"), json_new_str("11")));
    assert_true(policy_member_add(json, find("snp", "host_data"), json_new_str("22")));
    assert_true(policy_member_add(json, find("snp", "min_tcb.bl"), json_new_int(4)));
    assert_false(policy_member_add(json, find("snp", "min_tcb.bl"), json_new_int(5)));
    assert_true(policy_member_add(json, find("", "max_manifests"), json_new_int(2)));
    assert_true(policy_member_add(json, find("", "waive"), json_new_str("crl")));
    json_write(json, &text);
    assert_string_equal(buf_str(&text), "{\"snp\":{\"host_data\":[\"00\",\"11\",\"22\"],"
                                        "\"min_tcb\":{\"bl\":4}},\"max_manifests\":2,"
                                        "\"waive\":[\"crl\"]}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_member_of_the_schema_has_one_row),
        cmocka_unit_test(absence_has_four_forms),
        cmocka_unit_test(values_are_added_where_they_belong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
