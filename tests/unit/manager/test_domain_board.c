#include "tests/unit/manager/domain_variants.h"

#include <libxml/relaxng.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>

#define ROUNDS      100000
#define PARSED_EACH 10

static void ignore(void *ctx, const char *format, ...)
{
    (void)ctx;
    (void)format;
}

static xmlDoc *parse(const struct vm_launch *launch)
{
    OWNED_BUF xml = BUF_OF(DOMAIN_XML_MAX);
    struct err err;
    xmlDoc *doc = NULL;

    assert_ok(domain_encode(launch, launch->kvm ? "kvm" : "qemu", &xml, &err));
    doc = xmlReadMemory(buf_str(&xml), (int)xml.len, NULL, NULL, XML_PARSE_NOERROR);
    assert_non_null(doc);
    return doc;
}

/* The string value of an XPath expression; the caller frees it with xmlFree(). */
static char *query(xmlDoc *doc, const char *expression)
{
    xmlXPathContext *context = xmlXPathNewContext(doc);
    xmlXPathObject *object = NULL;
    char *text = NULL;

    xmlXPathRegisterNs(context, BAD_CAST "q",
                       BAD_CAST "http://libvirt.org/schemas/domain/qemu/1.0");
    object = xmlXPathEvalExpression(BAD_CAST expression, context);
    assert_non_null(object);
    text = (char *)xmlXPathCastToString(object);
    xmlXPathFreeObject(object);
    xmlXPathFreeContext(context);
    return text;
}

static void assert_says(const struct vm_launch *launch, const char *expression, const char *wanted)
{
    xmlDoc *doc = parse(launch);
    char *text = query(doc, expression);

    if (strcmp(text, wanted) != 0)
        fail_msg("%s: '%s', expected '%s'", expression, text, wanted);
    xmlFree(text);
    xmlFreeDoc(doc);
}

/* --- what each platform needs ---------------------------------------------------------- */

static void a_manifest_is_bound_into_the_launch(void **state)
{
    struct vm_launch snp = launch_of(VM_PLATFORM_SNP, VARIANT_KVM | VARIANT_BOUND);
    struct vm_launch tdx = launch_of(VM_PLATFORM_TDX, VARIANT_KVM | VARIANT_BOUND);
    struct vm_launch free_one = launch_of(VM_PLATFORM_SNP, VARIANT_KVM);

    (void)state;
    /* 10 11 ... 2f, and for TDX sixteen zeros after it */
    assert_says(&snp, "string(//hostData)", "EBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8=");
    assert_says(&tdx, "string(//mrConfigId)",
                "EBESExQVFhcYGRobHB0eHyAhIiMkJSYnKCkqKywtLi8AAAAAAAAAAAAAAAAAAAAA");
    assert_says(&free_one, "count(//hostData)", "0");
}

static void protected_firmware_is_memory_and_never_flash(void **state)
{
    (void)state;
    for (int platform = 0; platform < VM_PLATFORM_COUNT; platform++) {
        struct vm_launch launch = launch_of((enum vm_platform)platform, VARIANT_KVM);

        assert_says(&launch, "string(//loader/@type)",
                    platform == VM_PLATFORM_VM ? "pflash" : "rom");
        assert_says(&launch, "string(//loader/@stateless)", "yes");
        assert_says(&launch, "count(//launchSecurity)", platform == VM_PLATFORM_VM ? "0" : "1");
    }
}

static void nobody_asks_an_emulated_tpm_where_the_processor_vouches(void **state)
{
    static const char *const tpms[VM_PLATFORM_COUNT] = {"1", "0", "0", "1", "1"};

    (void)state;
    for (int platform = 0; platform < VM_PLATFORM_COUNT; platform++) {
        struct vm_launch launch = launch_of((enum vm_platform)platform, VARIANT_KVM);

        assert_says(&launch, "count(//tpm)", tpms[platform]);
    }
}

/* A comma in a path would otherwise begin an option of its own. */
static void an_igvm_file_takes_the_firmwares_place(void **state)
{
    struct vm_launch launch = launch_of(VM_PLATFORM_SNP, VARIANT_KVM | VARIANT_IGVM);

    (void)state;
    assert_says(&launch, "count(//loader)", "0");
    assert_says(&launch, "string(//q:arg[@value='-object']/following-sibling::q:arg[1]/@value)",
                "igvm-cfg,id=cocosigvm,file=/images/eos/a,,b.igvm");
    assert_says(&launch, "string(//q:arg[@value='-machine']/following-sibling::q:arg[1]/@value)",
                "igvm-cfg=cocosigvm");
}

static void a_debug_policy_is_never_made_up(void **state)
{
    struct vm_launch snp = launch_of(VM_PLATFORM_SNP, VARIANT_KVM);
    struct vm_launch es = launch_of(VM_PLATFORM_SEV_ES, VARIANT_KVM);

    (void)state;
    assert_says(&snp, "string(//launchSecurity/policy)", "0x30000");
    assert_says(&es, "string(//launchSecurity/policy)", "0x7");
    assert_says(&es, "string(//launchSecurity/@type)", "sev");
}

/* --- texts from outside ------------------------------------------------------------------ */

/* xorshift64: thousands of texts a second, and the same ones again from the same seed. */
static uint32_t next_random(void)
{
    static uint64_t seed = 0x9e3779b97f4a7c15;

    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)(seed >> 32);
}

/* Characters of the kind that break out of markup. */
static void scramble(char *out, size_t size)
{
    static const char alphabet[] = "<>&'\"]]>=/ -;:%${}\\abc\n\t,!?#";
    size_t len = 1 + next_random() % (size < 42 ? size - 2 : 40);

    for (size_t i = 0; i < len; i++)
        out[i] = alphabet[next_random() % (sizeof(alphabet) - 1)];
    out[len] = '\0';
}

#define SCRAMBLE(array) scramble((array), sizeof(array))

static void scramble_all(struct vm_launch *launch)
{
    SCRAMBLE(launch->record.name);
    SCRAMBLE(launch->record.owner);
    SCRAMBLE(launch->record.image);
    SCRAMBLE(launch->record.failure_kind);
    SCRAMBLE(launch->record.failure_detail);
    SCRAMBLE(launch->record.idempotency_key);
    SCRAMBLE(launch->record.body_sha256);
    SCRAMBLE(launch->firmware);
    if (launch->record.secure_boot) {
        SCRAMBLE(launch->variables);
        SCRAMBLE(launch->disk);
    } else {
        SCRAMBLE(launch->kernel);
        SCRAMBLE(launch->initrd);
        SCRAMBLE(launch->cmdline);
    }
    SCRAMBLE(launch->in_dir);
    SCRAMBLE(launch->out_dir);
    if (launch->console[0] != '\0')
        SCRAMBLE(launch->console);
    if (launch->igvm[0] != '\0')
        SCRAMBLE(launch->igvm);
    if (launch->protection.quote_socket[0] != '\0')
        SCRAMBLE(launch->protection.quote_socket);
    if (launch->place.cpu_model[0] != '\0')
        SCRAMBLE(launch->place.cpu_model);
    if (launch->place.cpuset[0] != '\0')
        SCRAMBLE(launch->place.cpuset);
}

/* Every element and attribute name in order, without their values. */
static void add_shape(const xmlNode *node, struct buf *out)
{
    for (; node != NULL; node = node->next) {
        if (node->type != XML_ELEMENT_NODE && node->type != XML_TEXT_NODE)
            buf_add_str(out, "ODD ");
        if (node->type != XML_ELEMENT_NODE)
            continue;
        buf_add_u8(out, '<');
        buf_add_str(out, (const char *)node->name);
        for (const xmlAttr *attr = node->properties; attr != NULL; attr = attr->next) {
            buf_add_u8(out, ' ');
            buf_add_str(out, (const char *)attr->name);
        }
        add_shape(node->children, out);
        buf_add_u8(out, '>');
    }
}

static void assert_text(const xmlNode *node, const char *name, const char *wanted)
{
    xmlChar *text = NULL;

    for (; node != NULL && strcmp((const char *)node->name, name) != 0; node = node->next)
        ;
    text = node ? xmlNodeGetContent(node) : NULL;
    assert_non_null(text);
    assert_string_equal((const char *)text, wanted);
    xmlFree(text);
}

static const xmlNode *inside(const xmlNode *node, const char *name)
{
    for (node = node->children; node != NULL; node = node->next)
        if (strcmp((const char *)node->name, name) == 0)
            return node->children;
    return NULL;
}

/* How often each character of markup stands in a definition. */
struct markup {
    unsigned less, more, quote;
};

static struct markup count_markup(const struct vm_launch *launch)
{
    OWNED_BUF xml = BUF_OF(DOMAIN_XML_MAX);
    struct markup count = {0};
    struct err err;

    assert_ok(domain_encode(launch, launch->kvm ? "kvm" : "qemu", &xml, &err));
    for (const char *at = buf_str(&xml); *at != '\0'; at++) {
        count.less += *at == '<';
        count.more += *at == '>';
        count.quote += *at == '"';
        if (*at == '&' && strncmp(at, "&lt;", 4) != 0 && strncmp(at, "&gt;", 4) != 0 &&
            strncmp(at, "&amp;", 5) != 0 && strncmp(at, "&quot;", 6) != 0 && at[1] != '#')
            fail_msg("an '&' that is no escape: %.20s", at);
    }
    return count;
}

/* The same elements and attributes as with plain texts, and the texts as they were. */
static void check_parsed(const struct vm_launch *scrambled, const struct buf *shape)
{
    struct vm_launch launch = *scrambled;
    OWNED_BUF now = BUF_OF(64 * KIB);
    const xmlNode *root = NULL;
    xmlDoc *doc = parse(&launch);

    root = xmlDocGetRootElement(doc);
    add_shape(root, &now);
    assert_string_equal(buf_str(&now), buf_str(shape));
    if (!launch.record.secure_boot) {
        assert_text(inside(root, "os"), "cmdline", launch.cmdline);
        assert_text(inside(root, "os"), "kernel", launch.kernel);
    }
    assert_text(inside(root, "metadata")->children, "name", launch.record.name);
    assert_text(inside(root, "metadata")->children, "failure_detail", launch.record.failure_detail);
    xmlFreeDoc(doc);
}

static void no_text_becomes_markup(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(variants); i++) {
        struct vm_launch launch = launch_of(variants[i].platform, variants[i].options);
        OWNED_BUF shape = BUF_OF(64 * KIB);
        struct markup plain, now;
        xmlDoc *doc = parse(&launch);

        add_shape(xmlDocGetRootElement(doc), &shape);
        xmlFreeDoc(doc);
        plain = count_markup(&launch);
        for (size_t round = 0; round < ROUNDS / COUNT_OF(variants) + 1; round++) {
            launch = launch_of(variants[i].platform, variants[i].options);
            scramble_all(&launch);
            now = count_markup(&launch);
            assert_memory_equal(&now, &plain, sizeof(plain));
            if (round % PARSED_EACH == 0)
                check_parsed(&launch, &shape);
        }
    }
}

/* --- libvirt's own schema ------------------------------------------------------------------ */

static xmlRelaxNG *load_schema(const char *dir)
{
    OWNED(free_str) char *path = mem_printf("%s/domain.rng", dir);
    xmlRelaxNGParserCtxt *parser = NULL;
    xmlRelaxNG *schema = NULL;

    if (access(path, R_OK) != 0)
        return NULL;
    parser = xmlRelaxNGNewParserCtxt(path);
    schema = xmlRelaxNGParse(parser);
    xmlRelaxNGFreeParserCtxt(parser);
    return schema;
}

static bool is_valid(xmlRelaxNG *schema, const struct vm_launch *launch)
{
    xmlDoc *doc = parse(launch);
    xmlRelaxNGValidCtxt *context = xmlRelaxNGNewValidCtxt(schema);
    int result;

    xmlRelaxNGSetValidErrors(context, ignore, ignore, NULL);
    result = xmlRelaxNGValidateDoc(context, doc);
    xmlRelaxNGFreeValidCtxt(context);
    xmlFreeDoc(doc);
    return result == 0;
}

/* Every platform with every set of options: there are 5 times 1024, and those of plain VMs again
 * with Secure Boot. */
static void every_definition_is_valid_by_the_newest_schema(void **state)
{
    const char *dir = getenv("LIBVIRT_SCHEMAS") ? getenv("LIBVIRT_SCHEMAS") : "build/schemas";
    xmlRelaxNG *schema = load_schema(dir);

    (void)state;
    if (schema == NULL) {
        printf("SKIP: no schema at '%s' (tests/schemas/fetch gets it): definitions are not "
               "validated\n",
               dir);
        skip();
    }
    for (int platform = 0; platform < VM_PLATFORM_COUNT; platform++)
        for (unsigned options = 0;
             options <= (platform == VM_PLATFORM_VM ? VARIANT_ALL | VARIANT_SECURE_BOOT
                                                    : (unsigned)VARIANT_ALL);
             options++) {
            struct vm_launch launch = launch_of((enum vm_platform)platform, options);

            if (!is_valid(schema, &launch))
                fail_msg("platform %s with options %#x", vm_platform_names[platform], options);
        }
    xmlRelaxNGFree(schema);
}

/* The schema says something: what it does not know it refuses. */
static void the_schema_refuses_what_it_does_not_know(void **state)
{
    const char *dir = getenv("LIBVIRT_SCHEMAS") ? getenv("LIBVIRT_SCHEMAS") : "build/schemas";
    xmlRelaxNG *schema = load_schema(dir);
    struct vm_launch launch = launch_of(VM_PLATFORM_TDX, VARIANT_ALL);

    (void)state;
    if (schema == NULL)
        skip();
    set_text(launch.protection.quote_socket, "no/absolute/path");
    assert_false(is_valid(schema, &launch));
    launch = launch_of(VM_PLATFORM_VM, VARIANT_PLACE);
    set_text(launch.place.cpuset, "a few");
    assert_false(is_valid(schema, &launch));
    xmlRelaxNGFree(schema);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manifest_is_bound_into_the_launch),
        cmocka_unit_test(protected_firmware_is_memory_and_never_flash),
        cmocka_unit_test(nobody_asks_an_emulated_tpm_where_the_processor_vouches),
        cmocka_unit_test(an_igvm_file_takes_the_firmwares_place),
        cmocka_unit_test(a_debug_policy_is_never_made_up),
        cmocka_unit_test(no_text_becomes_markup),
        cmocka_unit_test(every_definition_is_valid_by_the_newest_schema),
        cmocka_unit_test(the_schema_refuses_what_it_does_not_know),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
