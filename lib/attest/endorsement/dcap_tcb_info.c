#include "lib/attest/endorsement/dcap_tcb_info.h"

#include "lib/base/buf.h"
#include "lib/base/text.h"

#define MODULES_MAX 64

/* Where a TD's TEE_TCB_SVN has the SVN and the version of the TDX module. */
#define SVN_MODULE         0
#define SVN_MODULE_VERSION 1

bool dcap_tcb_info_is_of(const struct dcap_document *info, const char *id,
                         const struct pck_cert *pck)
{
    uint8_t fmspc[PCK_FMSPC_SIZE], pce_id[PCK_PCEID_SIZE];
    struct err err;

    return strcmp(info->id, id) == 0 &&
           dcap_document_hex(info->json, "fmspc", fmspc, sizeof(fmspc), &err) == 0 &&
           dcap_document_hex(info->json, "pceId", pce_id, sizeof(pce_id), &err) == 0 &&
           span_equal(SPAN_OF_ARRAY(fmspc), SPAN_OF_ARRAY(pck->fmspc)) &&
           span_equal(SPAN_OF_ARRAY(pce_id), SPAN_OF_ARRAY(pck->pce_id));
}

/* --- levels ---------------------------------------------------------------------------------- */

/* Whether every component from `first` on is reached. */
static int reaches(const struct json *components, const uint8_t svns[static PCK_COMPONENTS],
                   size_t first, bool *ret, struct err *err)
{
    if (json_kind_of(components) != JSON_KIND_ARRAY || json_count(components) != PCK_COMPONENTS)
        return err_set(err, ERR_INPUT, "its components are no list of %d", PCK_COMPONENTS);
    *ret = true;
    for (size_t i = first; i < PCK_COMPONENTS; i++) {
        const struct json *svn = json_get(json_at(components, i), "svn");

        if (json_kind_of(svn) != JSON_KIND_INTEGER || json_int(svn) < 0 || json_int(svn) > 255)
            return err_set(err, ERR_INPUT, "component %zu has no svn", i + 1);
        if (svns[i] < json_int(svn)) {
            *ret = false;
            return 0;
        }
    }
    return 0;
}

/* A module with a version has levels of its own, and then the first two components are its. */
static size_t first_component(const struct td_report *td)
{
    return td->tee_tcb_svn[SVN_MODULE_VERSION] > 0 ? 2 : 0;
}

static int matches(const struct json *tcb, const struct pck_cert *pck, const struct td_report *td,
                   bool *ret, struct err *err)
{
    const struct json *pce_svn = json_get(tcb, "pcesvn");

    if (json_kind_of(pce_svn) != JSON_KIND_INTEGER || json_int(pce_svn) < 0)
        return err_set(err, ERR_INPUT, "has no pcesvn");
    if (reaches(json_get(tcb, "sgxtcbcomponents"), pck->components, 0, ret, err) < 0)
        return -1;
    *ret = *ret && pck->pce_svn >= json_int(pce_svn);
    if (!*ret || td == NULL)
        return 0;
    return reaches(json_get(tcb, "tdxtcbcomponents"), td->tee_tcb_svn, first_component(td), ret,
                   err);
}

int dcap_tcb_info_find_level(const struct dcap_document *info, const struct pck_cert *pck,
                             const struct td_report *td, struct tcb_level *ret, struct err *err)
{
    const struct json *levels = json_get(info->json, "tcbLevels");
    size_t count = json_count(levels);

    if (json_kind_of(levels) != JSON_KIND_ARRAY || count > TCB_LEVELS_MAX)
        return err_set(err, ERR_INPUT, "tcbLevels is no list of at most %d levels", TCB_LEVELS_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct json *level = json_at(levels, i);
        bool match;

        if (matches(json_get(level, "tcb"), pck, td, &match, err) < 0)
            return err_wrap(err, "level %zu", i);
        if (!match)
            continue;
        if (tcb_level_read(level, ret, err) < 0)
            return err_wrap(err, "level %zu", i);
        return 0;
    }
    return err_set(err, ERR_UNTRUSTED, "the platform is below every level that Intel names");
}

/* --- the module ------------------------------------------------------------------------------ */

static int check_identity(const struct json *module, const struct td_report *td, struct err *err)
{
    uint8_t signer[SHA384_SIZE], attributes[8], mask[8];
    uint64_t masked = 0, wanted = 0;

    if (dcap_document_hex(module, "mrsigner", signer, sizeof(signer), err) < 0 ||
        dcap_document_hex(module, "attributes", attributes, sizeof(attributes), err) < 0 ||
        dcap_document_hex(module, "attributesMask", mask, sizeof(mask), err) < 0)
        return -1;
    for (int i = 0; i < 8; i++) {
        masked |= (td->seam_attributes >> 8 * i & mask[i]) << 8 * i;
        wanted |= (uint64_t)attributes[i] << 8 * i;
    }
    if (!span_equal(SPAN_OF_ARRAY(signer), SPAN_OF_ARRAY(td->mrsignerseam)))
        return err_set(err, ERR_UNTRUSTED, "MRSIGNERSEAM is not that of Intel's module");
    if (masked != wanted)
        return err_set(err, ERR_UNTRUSTED, "SEAM attributes 0x%llx, expected 0x%llx",
                       (unsigned long long)masked, (unsigned long long)wanted);
    return 0;
}

/* "TDX_01"; some documents have lower-case hex. */
static bool is_module(const char *id, uint8_t version)
{
    uint8_t said;
    struct err none;

    return id != NULL && text_starts_with(id, "TDX_") &&
           text_parse_hex(id + 4, &said, sizeof(said), &none) == 0 && said == version;
}

static int find_module(const struct json *modules, const struct td_report *td,
                       const struct json **ret, struct err *err)
{
    uint8_t version = td->tee_tcb_svn[SVN_MODULE_VERSION];
    size_t count = json_count(modules);

    if (count > MODULES_MAX)
        return err_set(err, ERR_INPUT, "more than %d TDX modules", MODULES_MAX);
    for (size_t i = 0; i < count; i++) {
        const struct json *module = json_at(modules, i);

        if (!is_module(json_get_str(module, "id"), version))
            continue;
        *ret = module;
        return 0;
    }
    return err_set(err, ERR_UNTRUSTED, "the TCB info knows no module TDX_%02X", version);
}

int dcap_tcb_info_check_module(const struct dcap_document *info, const struct td_report *td,
                               struct tcb_level *ret, struct err *err)
{
    const struct json *module = json_get(info->json, "tdxModule");

    *ret = (struct tcb_level){0};
    if (td->tee_tcb_svn[SVN_MODULE_VERSION] == 0)
        return check_identity(module, td, err);
    if (find_module(json_get(info->json, "tdxModuleIdentities"), td, &module, err) < 0 ||
        check_identity(module, td, err) < 0)
        return -1;
    if (tcb_level_find(json_get(module, "tcbLevels"), td->tee_tcb_svn[SVN_MODULE], ret, err) < 0)
        return err_wrap(err, "module %s", json_get_str(module, "id"));
    return 0;
}
