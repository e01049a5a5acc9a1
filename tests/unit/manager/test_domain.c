#include "tests/unit/manager/domain_variants.h"

#include "services/manager-api/vm/record.h"

#include <libxml/parser.h>

#define GOLDEN "tests/unit/manager/golden/"

/* UPDATE_GOLDEN=1 writes the file instead; look at the difference before it is committed. */
static void check_golden(const struct vm_launch *launch, const char *type, const char *path)
{
    OWNED_BUF xml = BUF_OF(DOMAIN_XML_MAX);
    OWNED_BUF golden = BUF_OF(DOMAIN_XML_MAX);
    OWNED(free_str) char *spaced = NULL;
    xmlDoc *doc = NULL;
    xmlChar *text = NULL;
    int len = 0;
    struct err err;

    assert_ok(domain_encode(launch, type, &xml, &err));
    doc = xmlReadMemory(buf_str(&xml), (int)xml.len, NULL, NULL, 0);
    assert_non_null(doc);
    xmlDocDumpFormatMemory(doc, &text, &len, 1);
    spaced = mem_copy(text, (size_t)len);
    xmlFree(text);
    xmlFreeDoc(doc);
    if (getenv("UPDATE_GOLDEN") != NULL)
        assert_ok(file_replace(path, span_of_str(spaced), 0644, &err));
    assert_ok(file_read(path, &golden, &err));
    assert_string_equal(spaced, buf_str(&golden));
}

static void every_variant_is_the_golden_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(variants); i++) {
        const struct variant *variant = &variants[i];
        struct vm_launch launch = launch_of(variant->platform, variant->options);
        OWNED(free_str) char *path = mem_printf(GOLDEN "domain_%s.xml", variant->name);

        check_golden(&launch, launch.kvm ? "kvm" : "qemu", path);
    }
}

static void control_characters_are_refused(void **state)
{
    struct vm_launch launch = launch_of(VM_PLATFORM_VM, 0);
    OWNED_BUF xml = BUF_OF(DOMAIN_XML_MAX);
    struct err err;

    (void)state;
    set_text(launch.cmdline, "quiet \x02");
    assert_fails(domain_encode(&launch, "qemu", &xml, &err), ERR_INPUT);
}

static void only_our_names_have_an_id(void **state)
{
    static const char *const bad[] = {
        "",
        "cocos-",
        "cocos-0f9d5c9e-1a70-4f0e-9f0a-5d0f5f6c7a1",
        "cocos-0f9d5c9e-1a70-4f0e-9f0a-5d0f5f6c7a111",
        "cocos-0F9D5C9E-1a70-4f0e-9f0a-5d0f5f6c7a11",
        "cocos-0f9d5c9e_1a70-4f0e-9f0a-5d0f5f6c7a11",
        "debian-0f9d5c9e-1a70-4f0e-9f0a-5d0f5f6c7a1",
        "0f9d5c9e-1a70-4f0e-9f0a-5d0f5f6c7a11",
    };
    char id[VM_ID_SIZE], name[DOMAIN_NAME_SIZE];

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_false(domain_id(bad[i], id));
    domain_name("0f9d5c9e-1a70-4f0e-9f0a-5d0f5f6c7a11", name);
    assert_true(domain_id(name, id));
    assert_string_equal(id, "0f9d5c9e-1a70-4f0e-9f0a-5d0f5f6c7a11");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_variant_is_the_golden_one),
        cmocka_unit_test(control_characters_are_refused),
        cmocka_unit_test(only_our_names_have_an_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
