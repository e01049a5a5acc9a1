/* Documents of hosts that we do not have, written after libvirt's schema of them and held against
 * it where that is at hand. */
#include "tests/unit/manager/scratch.h"

#include "services/manager-api/fleet/platform.h"
#include "services/manager-api/vm/capabilities.h"

#include <libxml/parser.h>
#include <libxml/relaxng.h>

static const struct host {
    const char *name;
    enum tee_switch offers[TEE_COUNT]; /* SNP, TDX, SEV, SEV-ES */
} hosts[] = {
    {"snp", {TEE_ON, TEE_OFF, TEE_ON, TEE_ON}},
    {"tdx", {TEE_OFF, TEE_ON, TEE_OFF, TEE_OFF}},
    {"both", {TEE_ON, TEE_ON, TEE_ON, TEE_ON}},
    {"neither", {TEE_OFF, TEE_OFF, TEE_OFF, TEE_OFF}},
};

static char *path_of(const struct host *host)
{
    return mem_printf("tests/unit/manager/capabilities/%s.xml", host->name);
}

static void read_host(const struct host *host, struct vm_hypervisor *ret)
{
    OWNED(free_str) char *path = path_of(host);
    OWNED_BUF text = BUF_OF(CAPABILITIES_MAX);
    struct err err;

    *ret = (struct vm_hypervisor){.tpm = false};
    assert_ok(file_read(path, &text, &err));
    capabilities_read_devices(buf_span(&text), ret);
    capabilities_read_protection(buf_span(&text), ret);
}

static void what_each_host_offers_is_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        struct vm_hypervisor found;

        read_host(&hosts[i], &found);
        assert_true(found.tpm);
        for (size_t tee = 0; tee < TEE_COUNT; tee++)
            if (found.offers[tee] != hosts[i].offers[tee])
                fail_msg("host %s, %s: %d", hosts[i].name, tee_names[tee], found.offers[tee]);
    }
}

static void what_is_no_document_says_nothing(void **state)
{
    static const char *const odd[] = {"", "<not xml", "<a><b></a>"};
    struct vm_hypervisor found;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        memset(&found, 0xff, sizeof(found));
        capabilities_read_protection(span_of_str(odd[i]), &found);
        for (size_t tee = 0; tee < TEE_COUNT; tee++)
            assert_int_equal(found.offers[tee], TEE_ABSENT);
    }
}

/* A libvirt before 10.5, which has no list of kinds. */
static void an_old_libvirt_offers_sev_alone(void **state)
{
    static const char old[] =
        "<domainCapabilities><features><sev supported='yes'><cbitpos>47</cbitpos>"
        "<reducedPhysBits>1</reducedPhysBits><maxGuests>15</maxGuests><maxESGuests>0</maxESGuests>"
        "</sev></features></domainCapabilities>";
    struct vm_hypervisor found = {0};

    (void)state;
    capabilities_read_protection(span_of_str(old), &found);
    assert_int_equal(found.offers[TEE_SEV], TEE_ON);
    assert_int_equal(found.offers[TEE_SEV_ES], TEE_OFF);
    assert_int_equal(found.offers[TEE_SNP], TEE_OFF);
}

static void the_documents_are_valid(void **state)
{
    const char *dir = getenv("LIBVIRT_SCHEMAS") ? getenv("LIBVIRT_SCHEMAS") : "build/schemas";
    char name[512]; /* not owned: skip() does not come back */
    xmlRelaxNGParserCtxt *parser = NULL;
    xmlRelaxNG *schema = NULL;

    (void)state;
    snprintf(name, sizeof(name), "%s/domaincaps.rng", dir);
    if (access(name, R_OK) != 0) {
        printf("SKIP: no schema at '%s' (tests/schemas/fetch gets it)\n", dir);
        skip();
    }
    parser = xmlRelaxNGNewParserCtxt(name);
    schema = xmlRelaxNGParse(parser);
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        OWNED(free_str) char *path = path_of(&hosts[i]);
        xmlRelaxNGValidCtxt *context = xmlRelaxNGNewValidCtxt(schema);
        xmlDoc *doc = xmlReadFile(path, NULL, XML_PARSE_NONET);

        assert_non_null(doc);
        if (xmlRelaxNGValidateDoc(context, doc) != 0)
            fail_msg("%s", path);
        xmlFreeDoc(doc);
        xmlRelaxNGFreeValidCtxt(context);
    }
    xmlRelaxNGFree(schema);
    xmlRelaxNGFreeParserCtxt(parser);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_each_host_offers_is_read),
        cmocka_unit_test(what_is_no_document_says_nothing),
        cmocka_unit_test(an_old_libvirt_offers_sev_alone),
        cmocka_unit_test(the_documents_are_valid),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
