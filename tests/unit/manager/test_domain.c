#include "tests/unit/manager/scratch.h"

#include "lib/crypto/secret.h"
#include "services/manager-api/vm/domain.h"
#include "services/manager-api/vm/record.h"

#include <libxml/parser.h>

#define GOLDEN "tests/unit/manager/golden/"

static struct vm_launch launch_of(bool kvm, bool debug)
{
    struct vm_launch launch = {
        .record = {.id = "0f9d5c9e-1a70-4f0e-9f0a-5d0f5f6c7a11",
                   .manager = "11111111-2222-4333-8444-555555555555",
                   .name = "iris-1",
                   .owner = "alice",
                   .image = "eos",
                   .cpus = 2,
                   .memory_mib = 768,
                   .port = 20017,
                   .debug = debug,
                   .created_at = 1700000000,
                   .boot_id = "99999999-2222-4333-8444-555555555555",
                   .body_sha256 = "00"},
        .firmware = "/images/eos/OVMF_CODE.fd",
        .kernel = "/images/eos/vmlinuz",
        .initrd = "/images/eos/initrd",
        .cmdline = "console=ttyS0 quiet panic=-1",
        .in_dir = "/state/vms/0f9d5c9e/in",
        .out_dir = "/state/vms/0f9d5c9e/out",
        .kvm = kvm,
    };

    if (debug)
        set_text(launch.console, "/state/vms/0f9d5c9e/console.log");
    return launch;
}

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

static void an_emulated_vm_is_the_golden_one(void **state)
{
    struct vm_launch launch = launch_of(false, false);

    (void)state;
    check_golden(&launch, "qemu", GOLDEN "domain_tcg.xml");
}

static void an_accelerated_debug_vm_is_the_golden_one(void **state)
{
    struct vm_launch launch = launch_of(true, true);

    (void)state;
    check_golden(&launch, "kvm", GOLDEN "domain_kvm_debug.xml");
}

/* Random bytes of the kind that breaks out of markup. */
static void scramble(char *out, size_t size)
{
    static const char alphabet[] = "<>&'\"]]>=/ -;:%${}\\abc\n\t";
    uint8_t bytes[128];
    size_t len;

    random_bytes(bytes, sizeof(bytes));
    len = 1 + bytes[0] % (size - 2 < sizeof(bytes) - 2 ? size - 2 : sizeof(bytes) - 2);
    for (size_t i = 0; i < len; i++)
        out[i] = alphabet[bytes[i + 1] % (sizeof(alphabet) - 1)];
    out[len] = '\0';
}

static const xmlNode *child(const xmlNode *node, const char *name)
{
    for (node = node->children; node != NULL; node = node->next)
        if (node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0)
            return node;
    return NULL;
}

static void check_text(const xmlNode *parent, const char *name, const char *wanted)
{
    const xmlNode *node = child(parent, name);
    xmlChar *text = node ? xmlNodeGetContent(node) : NULL;

    assert_non_null(node);
    assert_string_equal((const char *)text, wanted);
    xmlFree(text);
}

static void no_text_becomes_markup(void **state)
{
    struct err err;

    (void)state;
    for (int i = 0; i < 2000; i++) {
        struct vm_launch launch = launch_of(false, true);
        OWNED_BUF xml = BUF_OF(DOMAIN_XML_MAX);
        const xmlNode *root = NULL;
        xmlDoc *doc = NULL;

        scramble(launch.record.name, sizeof(launch.record.name));
        scramble(launch.record.failure_detail, sizeof(launch.record.failure_detail));
        scramble(launch.record.idempotency_key, sizeof(launch.record.idempotency_key));
        scramble(launch.cmdline, sizeof(launch.cmdline));
        scramble(launch.kernel, sizeof(launch.kernel));
        scramble(launch.out_dir, sizeof(launch.out_dir));
        assert_ok(domain_encode(&launch, "qemu", &xml, &err));
        doc = xmlReadMemory(buf_str(&xml), (int)xml.len, NULL, NULL, XML_PARSE_NOERROR);
        assert_non_null(doc);
        root = xmlDocGetRootElement(doc);
        check_text(child(root, "os"), "cmdline", launch.cmdline);
        check_text(child(root, "os"), "kernel", launch.kernel);
        check_text(child(child(root, "metadata"), "vm"), "name", launch.record.name);
        check_text(child(child(root, "metadata"), "vm"), "idempotency_key",
                   launch.record.idempotency_key);
        assert_int_equal(xmlChildElementCount((xmlNode *)root), 14);
        xmlFreeDoc(doc);
    }
}

static void control_characters_are_refused(void **state)
{
    struct vm_launch launch = launch_of(false, false);
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
        cmocka_unit_test(an_emulated_vm_is_the_golden_one),
        cmocka_unit_test(an_accelerated_debug_vm_is_the_golden_one),
        cmocka_unit_test(no_text_becomes_markup),
        cmocka_unit_test(control_characters_are_refused),
        cmocka_unit_test(only_our_names_have_an_id),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
