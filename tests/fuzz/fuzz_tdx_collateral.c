/* Collateral: one piece of it, in any form, and every question that is asked of a document. */
#include "lib/attest/attest.h"
#include "lib/attest/endorsement/dcap_collateral.h"
#include "lib/attest/endorsement/dcap_tcb_info.h"
#include "lib/attest/endorsement/qe_identity.h"
#include "lib/json/member_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void ask_tcb_info(const struct dcap_document *document, const struct td_report *td)
{
    struct pck_cert pck = {.pce_svn = 11, .fmspc = {0x50, 0x80, 0x6f}};
    struct tcb_standing standing = {0};
    struct tcb_level level;
    struct err err;

    memset(pck.components, 0x7f, sizeof(pck.components));
    (void)dcap_tcb_info_is_of(document, "TDX", &pck);
    if (dcap_tcb_info_find_level(document, &pck, td, &level, &err) == 0)
        require(tcb_standing_add(&standing, &level, &err) == 0 || err.kind == ERR_INPUT);
    else
        require(err.kind == ERR_INPUT || err.kind == ERR_UNTRUSTED);
    if (dcap_tcb_info_check_module(document, td, &level, &err) == 0)
        require(tcb_standing_add(&standing, &level, &err) == 0 || err.kind == ERR_INPUT);
    require(standing.advisory_count <= TCB_ADVISORIES_MAX);
}

static void ask_qe_identity(const struct dcap_document *document)
{
    struct sgx_report qe = {.isv_prod_id = 2, .isv_svn = 5};
    struct tcb_level level;
    struct err err;

    if (qe_identity_check(document, &qe, &err) < 0)
        require(err.kind == ERR_INPUT || err.kind == ERR_UNTRUSTED);
    if (qe_identity_find_level(document, &qe, &level, &err) < 0)
        require(err.kind == ERR_INPUT || err.kind == ERR_UNTRUSTED);
}

static void try_text(struct span input)
{
    struct span found;

    if (json_find_text(input, "tcbInfo", &found))
        require(found.data >= input.data && found.data + found.len <= input.data + input.len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct span piece = span_of(data, size);
    const struct attest_input in = {.collateral = {&piece, 1}};
    OWNED_DCAP_COLLATERAL *collateral = NULL;
    OWNED_VERDICT verdict = {0};
    bool good;

    try_text(piece);
    verdict_init(&verdict, NULL);
    collateral = dcap_collateral_load(&in, span_of(NULL, 0), &verdict, &good);
    require(good == (verdict.count == 0));
    for (size_t i = 0; i < collateral->document_count; i++) {
        for (uint8_t version = 0; version < 2; version++) {
            struct td_report td = {.tee_tcb_svn = {5, version, 2}};

            if (collateral->documents[i].kind == DCAP_TCB_INFO)
                ask_tcb_info(&collateral->documents[i], &td);
        }
        if (collateral->documents[i].kind == DCAP_QE_IDENTITY)
            ask_qe_identity(&collateral->documents[i]);
    }
    return 0;
}
