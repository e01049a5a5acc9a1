/* What Intel's documents say about platforms and quoting enclaves. */
#include "tests/unit/attest/tdx_world.h"

#include "lib/attest/endorsement/dcap_document.h"
#include "lib/attest/endorsement/qe_identity.h"
#include "lib/attest/endorsement/dcap_tcb_info.h"
#include "lib/attest/endorsement/tcb_level.h"

/* A world, and what its quote and certificates say. */
struct scene {
    struct fake_tdx world;
    struct pck_cert pck;
    struct td_report td;
    struct sgx_report qe;
    struct dcap_document document;
};

static void scene_done(struct scene *scene)
{
    dcap_document_done(&scene->document);
    fake_tdx_done(&scene->world);
}
#define OWNED_SCENE OWNED(scene_done) struct scene

static const char signature[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
                                "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

static void open_scene(struct scene *scene)
{
    struct err err;

    *scene = (struct scene){.document = {0}};
    fake_tdx_start(&scene->world, FAKE_TD4);
    memcpy(scene->pck.components, scene->world.platform.components, PCK_COMPONENTS);
    memcpy(scene->pck.fmspc, scene->world.platform.fmspc, PCK_FMSPC_SIZE);
    scene->pck.pce_svn = scene->world.platform.pce_svn;
    assert_ok(td_report_parse(span_of(scene->world.body, TD_REPORT_SIZE), &scene->td, &err));
    assert_ok(sgx_report_parse(SPAN_OF_ARRAY(scene->world.qe), &scene->qe, &err));
}

static void read_document(struct scene *scene, enum dcap_document_kind kind)
{
    const struct buf *text =
        kind == DCAP_TCB_INFO ? &scene->world.tcb_info : &scene->world.qe_identity;
    struct err err;

    dcap_document_done(&scene->document);
    assert_ok(dcap_document_read(kind, buf_span(text), signature, &scene->document, &err));
}

/* --- statuses -------------------------------------------------------------------------------- */

static void statuses_merge_to_the_worse(void **state)
{
    static const struct {
        const char *a, *b, *both;
    } cases[] = {
        {"UpToDate", "UpToDate", "UpToDate"},
        {"UpToDate", "SWHardeningNeeded", "SWHardeningNeeded"},
        {"SWHardeningNeeded", "ConfigurationNeeded", "ConfigurationAndSWHardeningNeeded"},
        {"UpToDate", "OutOfDate", "OutOfDate"},
        {"SWHardeningNeeded", "OutOfDate", "OutOfDate"},
        {"ConfigurationNeeded", "OutOfDate", "OutOfDateConfigurationNeeded"},
        {"ConfigurationAndSWHardeningNeeded", "OutOfDate", "OutOfDateConfigurationNeeded"},
        {"OutOfDateConfigurationNeeded", "OutOfDate", "OutOfDateConfigurationNeeded"},
        {"OutOfDateConfigurationNeeded", "Revoked", "Revoked"},
        {"UpToDate", "Revoked", "Revoked"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        for (int turn = 0; turn < 2; turn++) {
            struct tcb_standing standing = {0};
            OWNED_JSON *json = NULL;
            OWNED(free_str)
            char *text = mem_printf("[{\"tcbStatus\":\"%s\"},{\"tcbStatus\":\"%s\"}]",
                                    turn ? cases[i].b : cases[i].a, turn ? cases[i].a : cases[i].b);
            struct err err;

            assert_ok(json_parse(span_of_str(text), &json, &err));
            for (size_t j = 0; j < 2; j++) {
                struct tcb_level level;

                assert_ok(tcb_level_read(json_at(json, j), &level, &err));
                assert_ok(tcb_standing_add(&standing, &level, &err));
            }
            assert_string_equal(tcb_status_name(standing.status), cases[i].both);
        }
}

static void a_level_that_is_none_is_refused(void **state)
{
    static const char *const texts[] = {
        "{}",
        "{\"tcbStatus\":\"Fine\"}",
        "{\"tcbStatus\":\"uptodate\"}",
        "{\"tcbStatus\":1}",
        "{\"tcbStatus\":\"UpToDate\",\"tcbDate\":\"yesterday\"}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        OWNED_JSON *json = NULL;
        struct tcb_level level;
        struct err err;

        assert_ok(json_parse(span_of_str(texts[i]), &json, &err));
        assert_int_equal(tcb_level_read(json, &level, &err), -1);
    }
}

static void advisories_are_gathered_each_once_and_within_a_ceiling(void **state)
{
    OWNED_BUF text = BUF_OF(64 * KIB);
    OWNED_JSON *json = NULL;
    struct tcb_standing standing = {0};
    struct tcb_level level = {0};
    struct err err;

    (void)state;
    buf_add_str(&text, "[\"A\",\"B\",\"A\"");
    for (int i = 0; i < TCB_ADVISORIES_MAX - 2; i++)
        buf_printf(&text, ",\"X%d\"", i);
    buf_add_str(&text, "]");
    assert_ok(json_parse(buf_span(&text), &json, &err));
    level.advisories = json;
    assert_ok(tcb_standing_add(&standing, &level, &err));
    assert_ok(tcb_standing_add(&standing, &level, &err));
    assert_int_equal(standing.advisory_count, TCB_ADVISORIES_MAX);
    json_add(json, json_new_str("one more"));
    assert_fails(tcb_standing_add(&standing, &level, &err), ERR_INPUT);
    level.advisories = json_at(json, 0);
    assert_fails(tcb_standing_add(&standing, &level, &err), ERR_INPUT);
}

/* --- documents ------------------------------------------------------------------------------- */

static void a_document_that_lacks_something_is_refused(void **state)
{
    static const struct {
        const char *from, *to, *words;
    } cases[] = {
        {"\"id\":\"TDX\",", "", "no id"},
        {"\"version\":3", "\"version\":2", "version 2, expected 3"},
        {"\"version\":3", "\"version\":\"3\"", "version 0"},
        {"\"version\":3,", "", "version 0"},
        {"\"issueDate\":", "\"x\":", "no issueDate"},
        {"2027-01-01T00:00:00Z", "2027-13-01T00:00:00Z", "issueDate"},
        {"\"nextUpdate\":", "\"x\":", "no nextUpdate"},
        {"\"tcbEvaluationDataNumber\":17", "\"tcbEvaluationDataNumber\":-1", "EvaluationData"},
        {"\"tcbEvaluationDataNumber\":17", "\"tcbEvaluationDataNumber\":\"17\"", "EvaluationData"},
        {"\"tcbEvaluationDataNumber\":17", "\"tcbEvaluationDataNumber\":99999999999",
         "EvaluationData"},
        {"\"pceId\":\"0000\"", "\"fmspc\":\"0000\"", "twice"},
        {"{\"id\"", "{\"id\":\"TDX\",\"id\"", "twice"},
        {"\"fmspc\"", "fmspc", "line 1"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_SCENE scene;
        struct err err;

        open_scene(&scene);
        fake_tdx_edit(&scene.world.tcb_info, cases[i].from, cases[i].to);
        assert_int_equal(dcap_document_read(DCAP_TCB_INFO, buf_span(&scene.world.tcb_info),
                                            signature, &scene.document, &err),
                         -1);
        if (strstr(err.text, cases[i].words) == NULL)
            fail_msg("expected '%s', got '%s'", cases[i].words, err.text);
        assert_null(scene.document.json);
    }
}

static void a_signature_of_another_form_is_refused(void **state)
{
    static const char *const signatures[] = {NULL, "", "00", &signature[2], "zz"};
    OWNED_SCENE scene;
    struct err err;

    (void)state;
    open_scene(&scene);
    for (size_t i = 0; i < COUNT_OF(signatures); i++)
        assert_fails(dcap_document_read(DCAP_TCB_INFO, buf_span(&scene.world.tcb_info),
                                        signatures[i], &scene.document, &err),
                     ERR_INPUT);
}

static void a_document_is_for_its_time(void **state)
{
    OWNED_SCENE scene;
    struct err err;

    (void)state;
    open_scene(&scene);
    read_document(&scene, DCAP_TCB_INFO);
    assert_ok(dcap_document_check_time(&scene.document, scene.document.issued, &err));
    assert_ok(dcap_document_check_time(&scene.document, scene.document.expires, &err));
    assert_fails(dcap_document_check_time(&scene.document, scene.document.issued - 1, &err),
                 ERR_UNTRUSTED);
    assert_fails(dcap_document_check_time(&scene.document, scene.document.expires + 1, &err),
                 ERR_UNTRUSTED);
}

/* --- TCB info -------------------------------------------------------------------------------- */

static void a_document_of_another_platform_is_not_ours(void **state)
{
    OWNED_SCENE scene;

    (void)state;
    open_scene(&scene);
    read_document(&scene, DCAP_TCB_INFO);
    assert_true(dcap_tcb_info_is_of(&scene.document, "TDX", &scene.pck));
    assert_false(dcap_tcb_info_is_of(&scene.document, "SGX", &scene.pck));
    scene.pck.fmspc[5] = 1;
    assert_false(dcap_tcb_info_is_of(&scene.document, "TDX", &scene.pck));
    scene.pck.fmspc[5] = 0;
    scene.pck.pce_id[0] = 1;
    assert_false(dcap_tcb_info_is_of(&scene.document, "TDX", &scene.pck));
}

static void expect_level(struct scene *scene, const char *status)
{
    struct tcb_level level;
    struct err err;
    int result = dcap_tcb_info_find_level(&scene->document, &scene->pck, &scene->td, &level, &err);

    if (status == NULL) {
        assert_int_equal(result, -1);
        assert_int_equal(err.kind, ERR_UNTRUSTED);
        return;
    }
    if (result < 0)
        fail_msg("%s", err.text);
    assert_string_equal(tcb_status_name(level.status), status);
}

/* Each component by itself: one below is below, and nothing makes up for it. */
static void every_component_counts(void **state)
{
    OWNED_SCENE scene;

    (void)state;
    open_scene(&scene);
    read_document(&scene, DCAP_TCB_INFO);
    expect_level(&scene, "UpToDate");
    for (size_t i = 0; i < PCK_COMPONENTS; i++) {
        uint8_t was = scene.pck.components[i];

        scene.pck.components[i] = 255;
        expect_level(&scene, "UpToDate");
        scene.pck.components[i] = (uint8_t)(was - 1);
        if (was > 0)
            expect_level(&scene, NULL);
        scene.pck.components[i] = was;
    }
    scene.pck.pce_svn = 10;
    expect_level(&scene, "OutOfDate");
    scene.pck.pce_svn = 4;
    expect_level(&scene, NULL);
    scene.pck.pce_svn = UINT16_MAX;
    expect_level(&scene, "UpToDate");
    scene.td.tee_tcb_svn[2] = 1;
    expect_level(&scene, NULL);
}

/* With a module of version 0 its SVN is part of the level; with another it has its own. */
static void the_module_counts_where_it_belongs(void **state)
{
    OWNED_SCENE scene;

    (void)state;
    open_scene(&scene);
    read_document(&scene, DCAP_TCB_INFO);
    scene.td.tee_tcb_svn[0] = 4;
    expect_level(&scene, "UpToDate");
    scene.td.tee_tcb_svn[1] = 0;
    expect_level(&scene, NULL);
    scene.td.tee_tcb_svn[0] = 5;
    expect_level(&scene, "UpToDate");
}

static void a_level_that_cannot_be_read_is_not_passed_over(void **state)
{
    static const struct {
        const char *from, *to;
    } cases[] = {
        {"\"pcesvn\":11", "\"pcesvn\":\"11\""},
        {"\"pcesvn\":11", "\"pcesvn\":-1"},
        {"\"sgxtcbcomponents\":[{\"svn\":2},", "\"sgxtcbcomponents\":["},
        {"\"sgxtcbcomponents\":[{\"svn\":2}", "\"sgxtcbcomponents\":[{\"svn\":-1}"},
        {"\"sgxtcbcomponents\":[{\"svn\":2}", "\"sgxtcbcomponents\":[{\"svn\":256}"},
        {"\"sgxtcbcomponents\":[{\"svn\":2}", "\"sgxtcbcomponents\":[{\"svn\":true}"},
        {"\"sgxtcbcomponents\":[{\"svn\":2}", "\"sgxtcbcomponents\":[{}"},
        {"\"tdxtcbcomponents\"", "\"x\""},
        {"\"tcbLevels\":[{\"tcb\":{\"sgx", "\"tcbLevels\":{},\"x\":[{\"tcb\":{\"sgx"},
        {"\"tcbLevels\":[{\"tcb\":{\"sgx", "\"tcbLevels\":[1,{\"tcb\":{\"sgx"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        OWNED_SCENE scene;
        struct tcb_level level;
        struct err err;

        open_scene(&scene);
        fake_tdx_edit(&scene.world.tcb_info, cases[i].from, cases[i].to);
        read_document(&scene, DCAP_TCB_INFO);
        assert_int_equal(
            dcap_tcb_info_find_level(&scene.document, &scene.pck, &scene.td, &level, &err), -1);
        assert_int_equal(err.kind, ERR_INPUT);
    }
}

static void expect_module(struct scene *scene, const char *status, const char *words)
{
    struct tcb_level level;
    struct err err = {0};
    int result = dcap_tcb_info_check_module(&scene->document, &scene->td, &level, &err);

    if ((result == 0) != (status != NULL) || (words != NULL && strstr(err.text, words) == NULL))
        fail_msg("expected %s (%s), got '%s'", status, words, err.text);
    if (status != NULL)
        assert_string_equal(tcb_status_name(level.status), status);
}

static void the_module_must_be_one_of_intels(void **state)
{
    OWNED_SCENE scene;

    (void)state;
    open_scene(&scene);
    read_document(&scene, DCAP_TCB_INFO);
    expect_module(&scene, "UpToDate", NULL);
    scene.td.tee_tcb_svn[0] = 4;
    expect_module(&scene, "OutOfDate", NULL);
    scene.td.tee_tcb_svn[0] = 1;
    expect_module(&scene, NULL, "isvsvn 1");
    scene.td.tee_tcb_svn[1] = 3;
    expect_module(&scene, NULL, "isvsvn 1"); /* it is known, and none of its versions is */
    scene.td.tee_tcb_svn[1] = 2;
    expect_module(&scene, NULL, "TDX_02");
    for (unsigned version = 0; version < 2; version++) {
        scene.td.tee_tcb_svn[0] = 5;
        scene.td.tee_tcb_svn[1] = (uint8_t)version;
        scene.td.mrsignerseam[47] = 1;
        expect_module(&scene, NULL, "MRSIGNERSEAM");
        scene.td.mrsignerseam[47] = 0;
        scene.td.seam_attributes = 1ULL << 63;
        expect_module(&scene, NULL, "0x8000000000000000");
        scene.td.seam_attributes = 0;
        expect_module(&scene, "UpToDate", NULL);
    }
}

/* --- QE identity ----------------------------------------------------------------------------- */

static void expect_qe(struct scene *scene, const char *words)
{
    struct err err = {0};
    int result = qe_identity_check(&scene->document, &scene->qe, &err);

    if ((result == 0) != (words == NULL) || (words != NULL && strstr(err.text, words) == NULL))
        fail_msg("expected %s, got '%s'", words ? words : "no refusal", err.text);
}

static void a_quoting_enclave_must_be_the_one_that_intel_names(void **state)
{
    OWNED_SCENE scene;

    (void)state;
    open_scene(&scene);
    read_document(&scene, DCAP_QE_IDENTITY);
    expect_qe(&scene, NULL);
    scene.qe.mr_signer[0] ^= 1;
    expect_qe(&scene, "mrsigner");
    scene.qe.mr_signer[0] ^= 1;
    scene.qe.isv_prod_id = 1;
    expect_qe(&scene, "isvprodid is 1, expected 2");
    scene.qe.isv_prod_id = 2;
    scene.qe.attributes[0] ^= 2; /* DEBUG */
    expect_qe(&scene, "byte 0 of its attributes");
    scene.qe.attributes[0] ^= 2 | 4; /* MODE64BIT, which the mask leaves out */
    expect_qe(&scene, NULL);
    scene.qe.attributes[8] ^= 0xff; /* XFRM, too */
    expect_qe(&scene, NULL);
    scene.qe.misc_select = 1u << 24;
    expect_qe(&scene, "byte 3 of its miscselect");
}

static void a_quoting_enclave_has_a_level_of_its_own(void **state)
{
    OWNED_SCENE scene;
    struct tcb_level level;
    struct err err;

    (void)state;
    open_scene(&scene);
    read_document(&scene, DCAP_QE_IDENTITY);
    scene.qe.isv_svn = 65535;
    assert_ok(qe_identity_find_level(&scene.document, &scene.qe, &level, &err));
    assert_string_equal(tcb_status_name(level.status), "UpToDate");
    scene.qe.isv_svn = 5;
    assert_ok(qe_identity_find_level(&scene.document, &scene.qe, &level, &err));
    assert_string_equal(tcb_status_name(level.status), "OutOfDate");
    assert_int_equal(json_count(level.advisories), 1);
    scene.qe.isv_svn = 3;
    assert_fails(qe_identity_find_level(&scene.document, &scene.qe, &level, &err), ERR_UNTRUSTED);
}

static void a_quoting_enclave_is_known_without_a_document(void **state)
{
    OWNED_SCENE scene;
    struct err err;

    (void)state;
    open_scene(&scene);
    assert_ok(qe_identity_check_known(DCAP_TDX, &scene.qe, &err));
    assert_fails(qe_identity_check_known(DCAP_SGX, &scene.qe, &err), ERR_UNTRUSTED);
    scene.qe.flags |= SGX_FLAG_DEBUG;
    assert_fails(qe_identity_check_known(DCAP_TDX, &scene.qe, &err), ERR_UNTRUSTED);
    scene.qe.flags = 0;
    scene.qe.isv_prod_id = 1;
    assert_fails(qe_identity_check_known(DCAP_TDX, &scene.qe, &err), ERR_UNTRUSTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statuses_merge_to_the_worse),
        cmocka_unit_test(a_level_that_is_none_is_refused),
        cmocka_unit_test(advisories_are_gathered_each_once_and_within_a_ceiling),
        cmocka_unit_test(a_document_that_lacks_something_is_refused),
        cmocka_unit_test(a_signature_of_another_form_is_refused),
        cmocka_unit_test(a_document_is_for_its_time),
        cmocka_unit_test(a_document_of_another_platform_is_not_ours),
        cmocka_unit_test(every_component_counts),
        cmocka_unit_test(the_module_counts_where_it_belongs),
        cmocka_unit_test(a_level_that_cannot_be_read_is_not_passed_over),
        cmocka_unit_test(the_module_must_be_one_of_intels),
        cmocka_unit_test(a_quoting_enclave_must_be_the_one_that_intel_names),
        cmocka_unit_test(a_quoting_enclave_has_a_level_of_its_own),
        cmocka_unit_test(a_quoting_enclave_is_known_without_a_document),
    };

    return cmocka_run_group_tests(tests, NULL, forget_keys);
}
