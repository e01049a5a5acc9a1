/* Models of virtual processors, and the signatures that they show. */
#include "tests/unit/unit.h"

#include "lib/attest/reference/vcpu.h"

static void models_that_nobody_knows_are_refused(void **state)
{
    static const char *const names[] = {"", "epyc", "EPYC-Milan ", "EPYC-Vulcan", "Skylake-Server"};
    uint32_t signature;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_fails(vcpu_find_signature(names[i], &signature, &err), ERR_INPUT);
}

/* What leaf 1 of CPUID says on such machines. */
static void generations_show_their_signatures(void **state)
{
    static const struct {
        const char *name;
        uint32_t family, model, stepping, signature;
    } rows[] = {
        {"EPYC", 23, 1, 2, 0x800f12},       {"EPYC-Rome", 23, 49, 0, 0x830f10},
        {"EPYC-Milan", 25, 1, 1, 0xa00f11}, {"EPYC-Genoa", 25, 17, 0, 0xa10f10},
        {"EPYC-Turin", 26, 0, 0, 0xb00f00},
    };
    uint32_t signature;
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_ok(vcpu_find_signature(rows[i].name, &signature, &err));
        assert_int_equal(signature, rows[i].signature);
        assert_int_equal(vcpu_make_signature(rows[i].family, rows[i].model, rows[i].stepping),
                         rows[i].signature);
    }
    assert_int_equal(vcpu_make_signature(6, 0x8f, 8), 0x806f8); /* no extended family */
}

static void versions_of_a_model_show_the_same(void **state)
{
    (void)state;
    for (const struct vcpu_type *type = vcpu_types; type->name != NULL; type++) {
        const char *version = strstr(type->name, "-v");
        uint32_t signature;
        struct err err;
        char model[32];

        snprintf(model, sizeof(model), "%.*s",
                 (int)(version ? version - type->name : (long)strlen(type->name)), type->name);
        assert_ok(vcpu_find_signature(model, &signature, &err));
        assert_int_equal(signature, type->signature);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_that_nobody_knows_are_refused),
        cmocka_unit_test(generations_show_their_signatures),
        cmocka_unit_test(versions_of_a_model_show_the_same),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
