/* What an IGVM file's parts do to the launch digest of each platform, by the rules written out
 * here, and which files KVM would start in another way. */
#include "tests/unit/attest/igvm_make.h"

#include "lib/attest/reference/snp_launch.h"
#include "lib/attest/reference/tdx_launch.h"

#define VMSA_CR0 0x158

/* A file with two pages of data behind its headers: of letters, and the state of a processor. */
struct made {
    struct buf file;
    uint32_t letters, vmsa; /* where they lie */
};

static void made_done(struct made *m)
{
    buf_done(&m->file);
}
#define OWNED_MADE __attribute__((cleanup(made_done))) struct made

#define HEADERS_SIZE 1024u /* room for headers; what is left over is one that nobody must know */

static void add_fill(struct buf *file, uint8_t byte, size_t count)
{
    while (count-- > 0)
        buf_add_u8(file, byte);
}

static void begin(struct made *m, enum igvm_platform platform)
{
    *m = (struct made){.file = BUF_OF(64 * KIB), .letters = 24 + HEADERS_SIZE};
    m->vmsa = m->letters + SNP_PAGE_SIZE;
    igvm_begin(&m->file);
    igvm_add_platform(&m->file, platform, 1);
}

static void end(struct made *m, uint64_t cr0)
{
    uint32_t fill = 24 + HEADERS_SIZE - (uint32_t)m->file.len - 8;

    buf_add_le32(&m->file, 0x80000377);
    buf_add_le32(&m->file, fill);
    add_fill(&m->file, 0, fill);
    add_fill(&m->file, 'a', SNP_PAGE_SIZE);
    add_fill(&m->file, 0, VMSA_CR0);
    buf_add_le64(&m->file, cr0);
    add_fill(&m->file, 0, SNP_PAGE_SIZE - VMSA_CR0 - 8);
    igvm_seal(&m->file, 24 + HEADERS_SIZE);
}

static int measure(const struct made *m, enum igvm_platform platform, unsigned flags,
                   struct igvm_measurement *ret, struct err *err)
{
    struct igvm igvm;

    if (igvm_parse(buf_span(&m->file), &igvm, err) < 0)
        fail_msg("%s", err->text);
    return igvm_measure(&igvm, platform, flags, ret, err);
}

static void refused(const struct made *m, unsigned flags, const char *words)
{
    struct igvm_measurement measured;
    struct err err;

    assert_fails(measure(m, IGVM_SNP, flags, &measured, &err), ERR_INPUT);
    if (strstr(err.text, words) == NULL)
        fail_msg("expected '%s', got '%s'", words, err.text);
}

/* --- the digests, by hand -------------------------------------------------------------------- */

/* AMD 56860, PAGE_INFO: what is hashed for each page. */
static void extend(uint8_t digest[static SHA384_SIZE], uint8_t type, uint64_t gpa,
                   struct span content)
{
    uint8_t info[0x70] = {0};

    memcpy(info, digest, SHA384_SIZE);
    if (content.len > 0)
        digest_of(DIGEST_SHA384, content, info + SHA384_SIZE);
    info[0x60] = sizeof(info);
    info[0x62] = type;
    for (size_t i = 0; i < 8; i++)
        info[0x68 + i] = (uint8_t)(gpa >> (8 * i));
    digest_of(DIGEST_SHA384, SPAN_OF_ARRAY(info), digest);
}

static const uint8_t zeros[SNP_PAGE_SIZE];

static void add_one_of_each(struct made *m)
{
    igvm_add_kind(&m->file, 0x1000, m->letters, 0, 0);
    igvm_add_kind(&m->file, 0x2000, 0, 0, 0);
    igvm_add_kind(&m->file, 0x3000, m->letters, 2, 0); /* unmeasured */
    igvm_add_kind(&m->file, 0x4000, 0, 0, 1);
    igvm_add_kind(&m->file, 0x5000, m->letters, 0, 2);
    igvm_add_kind(&m->file, 0x6000, 0, 0, 3);
    igvm_add_insert(&m->file, 0x7000, 1);
    igvm_add_insert(&m->file, 0x8000, 2); /* of another platform */
    igvm_add_vp(&m->file, SNP_VMSA_GPA, m->vmsa);
    end(m, 0x31);
}

static void snp_hashes_each_page_by_its_kind(void **state)
{
    for (unsigned native = 0; native < 2; native++) {
        uint8_t digest[SHA384_SIZE] = {0};
        struct igvm_measurement measured;
        struct span letters, vmsa;
        struct err err;
        OWNED_MADE m;

        (void)state;
        begin(&m, IGVM_SNP);
        add_one_of_each(&m);
        letters = span_of(m.file.data + m.letters, SNP_PAGE_SIZE);
        vmsa = span_of(m.file.data + m.vmsa, SNP_PAGE_SIZE);
        extend(digest, 1, 0x1000, letters);
        if (native)
            extend(digest, 3, 0x2000, span_of(NULL, 0));
        else
            extend(digest, 1, 0x2000, SPAN_OF_ARRAY(zeros));
        extend(digest, 4, 0x3000, span_of(NULL, 0));
        extend(digest, 5, 0x4000, span_of(NULL, 0));
        extend(digest, 6, 0x5000, span_of(NULL, 0));
        extend(digest, 6, 0x6000, span_of(NULL, 0));
        extend(digest, 4, 0x7000, span_of(NULL, 0));
        extend(digest, 2, SNP_VMSA_GPA, vmsa);
        assert_ok(measure(&m, IGVM_SNP, native ? IGVM_NATIVE_ZERO : 0, &measured, &err));
        assert_int_equal(measured.len, SHA384_SIZE);
        assert_memory_equal(measured.digest, digest, SHA384_SIZE);
        assert_int_equal(measured.unmeasured, 2);
        assert_int_equal(measured.vp_count, 1);
        assert_int_equal(measured.after_vp, 0);
    }
}

static void sev_hashes_contents_and_sev_es_processors_too(void **state)
{
    for (int es = 0; es < 2; es++) {
        enum igvm_platform platform = es ? IGVM_SEV_ES : IGVM_SEV;
        OWNED_DIGEST *digest = digest_new(DIGEST_SHA256);
        uint8_t expected[SHA256_SIZE];
        struct igvm_measurement measured;
        struct err err;
        OWNED_MADE m;

        (void)state;
        begin(&m, platform);
        add_one_of_each(&m);
        digest_add(digest, span_of(m.file.data + m.letters, SNP_PAGE_SIZE));
        digest_add(digest, SPAN_OF_ARRAY(zeros));
        if (es)
            digest_add(digest, span_of(m.file.data + m.vmsa, SNP_PAGE_SIZE));
        digest_finish(digest, expected);
        assert_ok(measure(&m, platform, 0, &measured, &err));
        assert_int_equal(measured.len, SHA256_SIZE);
        assert_memory_equal(measured.digest, expected, SHA256_SIZE);
    }
}

static void tdx_adds_every_page_and_extends_measured_ones(void **state)
{
    OWNED_OF(tdx_launch) *launch = tdx_launch_new();
    uint8_t mrtd[SHA384_SIZE];
    struct igvm_measurement measured;
    struct err err;
    OWNED_MADE m;

    (void)state;
    begin(&m, IGVM_TDX);
    add_one_of_each(&m);
    for (uint64_t gpa = 0x1000; gpa <= 0x7000; gpa += 0x1000) {
        tdx_launch_add_page(launch, gpa);
        if (gpa == 0x1000)
            tdx_launch_extend_page(launch, gpa, span_of(m.file.data + m.letters, SNP_PAGE_SIZE));
        if (gpa == 0x2000)
            tdx_launch_extend_page(launch, gpa, span_of(NULL, 0));
    }
    tdx_launch_finish(launch, mrtd);
    assert_ok(measure(&m, IGVM_TDX, 0, &measured, &err));
    assert_memory_equal(measured.digest, mrtd, SHA384_SIZE);
}

static void a_page_of_unknown_kind_is_refused(void **state)
{
    OWNED_MADE m;

    (void)state;
    begin(&m, IGVM_SNP);
    igvm_add_kind(&m.file, 0x1000, 0, 0, 4);
    end(&m, 0x31);
    refused(&m, 0, "unknown kind 4");
}

/* --- what KVM does otherwise ----------------------------------------------------------------- */

static void make_vp(struct made *m, uint64_t gpa, unsigned count, uint64_t cr0)
{
    begin(m, IGVM_SNP);
    igvm_add_page(&m->file, 0x1000, 1, m->letters, 0);
    for (unsigned i = 0; i < count; i++)
        igvm_add_vp(&m->file, gpa, m->vmsa);
    end(m, cr0);
}

static void kvm_starts_one_processor_in_its_own_way(void **state)
{
    static const struct {
        uint64_t gpa, cr0;
        unsigned count;
        const char *refusal; /* NULL: none */
    } rows[] = {
        {SNP_VMSA_GPA, 0x31, 1, NULL},
        {SNP_VMSA_GPA, 0x30, 1, NULL},
        {SNP_VMSA_GPA, 0x10, 1, "CR0 0x31"},
        {SNP_VMSA_GPA, 0x80000031, 1, "CR0 0x31"},
        {0xfffff000, 0x31, 1, "at 0xfffffffff000"},
        {SNP_VMSA_GPA, 0x31, 2, "has more"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct igvm_measurement measured;
        struct err err;
        OWNED_MADE m;

        make_vp(&m, rows[i].gpa, rows[i].count, rows[i].cr0);
        assert_ok(measure(&m, IGVM_SNP, 0, &measured, &err));
        if (rows[i].refusal == NULL)
            assert_ok(measure(&m, IGVM_SNP, IGVM_CHECK_KVM, &measured, &err));
        else
            refused(&m, IGVM_CHECK_KVM, rows[i].refusal);
    }
}

static void what_stands_behind_the_processor_is_refused_or_counted(void **state)
{
    struct igvm_measurement measured;
    struct err err;
    OWNED_MADE page, insert;

    (void)state;
    begin(&page, IGVM_SNP);
    igvm_add_vp(&page.file, SNP_VMSA_GPA, page.vmsa);
    igvm_add_page(&page.file, 0x1000, 1, page.letters, 0);
    igvm_add_page(&page.file, 0x2000, 2, page.letters, 0); /* of another platform */
    end(&page, 0x31);
    assert_ok(measure(&page, IGVM_SNP, IGVM_CHECK_KVM, &measured, &err));
    assert_int_equal(measured.after_vp, 1);

    begin(&insert, IGVM_SNP);
    igvm_add_vp(&insert.file, SNP_VMSA_GPA, insert.vmsa);
    igvm_add_insert(&insert.file, 0x1000, 1);
    end(&insert, 0x31);
    assert_ok(measure(&insert, IGVM_SNP, 0, &measured, &err));
    refused(&insert, IGVM_CHECK_KVM, "KVM measures last");
}

/* --- the ID block ---------------------------------------------------------------------------- */

static void make_id_block(struct made *m, const uint8_t digest[static SHA384_SIZE])
{
    begin(m, IGVM_SNP);
    igvm_add_page(&m->file, 0x1000, 1, 0, 0);
    buf_add_le32(&m->file, IGVM_SNP_ID_BLOCK);
    buf_add_le32(&m->file, 112);
    buf_add_le64(&m->file, 1);
    buf_add(&m->file, digest, SHA384_SIZE);
    add_fill(&m->file, 0, 112 - 8 - SHA384_SIZE);
    end(m, 0x31);
}

static void an_id_block_must_name_what_the_pages_give(void **state)
{
    static const uint8_t nothing[SHA384_SIZE];
    struct igvm_measurement measured, again;
    struct err err;
    OWNED_MADE wrong, right;

    (void)state;
    make_id_block(&wrong, nothing);
    refused(&wrong, 0, "with --native-zero");
    refused(&wrong, IGVM_NATIVE_ZERO, "without --native-zero");
    assert_ok(measure(&wrong, IGVM_SNP, IGVM_IGNORE_IDBLOCK, &measured, &err));
    make_id_block(&right, measured.digest);
    assert_ok(measure(&right, IGVM_SNP, 0, &again, &err));
    assert_memory_equal(again.digest, measured.digest, SHA384_SIZE);
    refused(&right, IGVM_NATIVE_ZERO, "without --native-zero");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snp_hashes_each_page_by_its_kind),
        cmocka_unit_test(sev_hashes_contents_and_sev_es_processors_too),
        cmocka_unit_test(tdx_adds_every_page_and_extends_measured_ones),
        cmocka_unit_test(a_page_of_unknown_kind_is_refused),
        cmocka_unit_test(kvm_starts_one_processor_in_its_own_way),
        cmocka_unit_test(what_stands_behind_the_processor_is_refused_or_counted),
        cmocka_unit_test(an_id_block_must_name_what_the_pages_give),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
