/* Launch measurements against the one thing that they cannot do without: SHA-384 over the pages. */
#include "lib/attest/reference/igvm.h"
#include "lib/attest/reference/sev_measure.h"
#include "lib/attest/reference/vcpu.h"
#include "lib/base/crc32.h"
#include "lib/base/file.h"

#define MEASURE_TURNS 61 /* each takes long enough to be measured well */
#include "tests/bench/measure.h"

#define PAGES     4096u /* 16 MiB */
#define VPS       4u
#define PLATFORM  24u /* bytes of each kind of header, with its own */
#define PAGE_DATA 32u
#define VP        32u
#define FIXED     24u
#define OVMF_PATH "/usr/share/ovmf/OVMF.fd"

static void require(bool ok, const char *what)
{
    if (ok)
        return;
    fprintf(stderr, "launch_bench: %s\n", what);
    exit(1);
}

/* --- an IGVM file of 16 MiB and 4 processors -----------------------------------------------------
 */

struct subject {
    struct buf file;
    size_t data; /* where the pages begin */
};

static void add_header(struct buf *out, uint32_t type, uint32_t size)
{
    buf_add_le32(out, type);
    buf_add_le32(out, size);
}

static void add_pages(struct buf *out, uint32_t data)
{
    for (uint32_t i = 0; i < PAGES; i++) {
        add_header(out, IGVM_PAGE_DATA, PAGE_DATA - 8);
        buf_add_le64(out, (uint64_t)i * SNP_PAGE_SIZE);
        buf_add_le32(out, 1);
        buf_add_le32(out, data + i * SNP_PAGE_SIZE);
        buf_add_le64(out, 0); /* flags, type */
    }
    for (uint32_t i = 0; i < VPS; i++) {
        add_header(out, IGVM_VP_CONTEXT, 20);
        buf_add_le64(out, SNP_VMSA_GPA);
        buf_add_le32(out, 1);
        buf_add_le32(out, data + (PAGES + i) * SNP_PAGE_SIZE);
        buf_add_le64(out, i);
    }
}

static void make_igvm(struct subject *s)
{
    const uint32_t variable = PLATFORM + PAGES * PAGE_DATA + VPS * VP, data = FIXED + variable;
    const uint32_t total = data + (PAGES + VPS) * SNP_PAGE_SIZE;
    uint8_t *content;
    uint32_t crc;

    s->file = BUF_OF(64 * MIB);
    s->data = data;
    buf_add_str(&s->file, "IGVM");
    buf_add_le32(&s->file, 1);
    buf_add_le32(&s->file, FIXED);
    buf_add_le32(&s->file, variable);
    buf_add_le32(&s->file, total);
    buf_add_le32(&s->file, 0);
    add_header(&s->file, IGVM_SUPPORTED_PLATFORM, PLATFORM - 8);
    buf_add_le32(&s->file, 1);
    buf_add_le32(&s->file, 0x00010200); /* VTL 0, SNP, version 1 */
    buf_add_le64(&s->file, 0);
    add_pages(&s->file, data);
    content = buf_grow(&s->file, (PAGES + VPS) * SNP_PAGE_SIZE);
    require(content != NULL && s->file.len == total, "the file is put together wrongly");
    for (size_t i = 0; i < (PAGES + VPS) * SNP_PAGE_SIZE; i++)
        content[i] = (uint8_t)(i * 2654435761u >> 24);
    crc = crc32_add(0, span_of(s->file.data, data));
    for (size_t i = 0; i < 4; i++)
        s->file.data[20 + i] = (uint8_t)(crc >> (8 * i));
}

static void measure_igvm(void *ctx)
{
    const struct subject *s = ctx;
    struct igvm_measurement measured;
    struct igvm igvm;
    struct err err;

    require(igvm_parse(buf_span(&s->file), &igvm, &err) == 0 &&
                igvm_measure(&igvm, IGVM_SNP, 0, &measured, &err) == 0,
            err.text);
    require(measured.vp_count == VPS, "processors");
}

static void hash_pages(void *ctx)
{
    const struct subject *s = ctx;
    uint8_t digest[SHA384_SIZE];

    digest_of(DIGEST_SHA384, span_part(buf_span(&s->file), s->data, s->file.len), digest);
}

/* --- every model and number of processors
 * --------------------------------------------------------- */

static void count_one(void *to, uint32_t count, const uint8_t digest[static SHA384_SIZE])
{
    (void)digest;
    *(uint32_t *)to += count > 0;
}

static void measure_all(void *ctx)
{
    const struct buf *ovmf = ctx;
    const struct sev_files files = {.ovmf = buf_span(ovmf)};
    struct sev_measurement measurement;
    uint32_t seen = 0, types = 0;
    struct err err;

    require(sev_measure_begin(SEV_MODE_SNP, VMSA_QEMU, &files, &measurement, &err) == 0, err.text);
    for (; vcpu_types[types].name != NULL; types++) {
        const struct sev_vcpus vcpus = {64, vcpu_types[types].signature, 1};

        require(sev_measure_each(&measurement, &vcpus, count_one, &seen, &err) == 0, err.text);
    }
    require(seen == 64 * types, "every number of every model");
}

static void hash_ovmf(void *ctx)
{
    uint8_t digest[SHA384_SIZE];

    digest_of(DIGEST_SHA384, buf_span(ctx), digest);
}

int main(void)
{
    OWNED_BUF ovmf = BUF_OF(OVMF_SIZE_MAX);
    struct subject subject;
    struct measured all;
    struct err err;

    make_igvm(&subject);
    measure_print("launch of an IGVM file, 16 MiB and 4 vCPUs, against SHA-384 of its pages",
                  measure(measure_igvm, hash_pages, &subject), 1.2);
    buf_done(&subject.file);

    if (file_read(OVMF_PATH, &ovmf, &err) < 0) {
        fprintf(stderr, "SKIP: no firmware at " OVMF_PATH "\n");
        return 0;
    }
    all = measure(measure_all, hash_ovmf, &ovmf);
    printf("launches of all vCPU models, 1 to 64 of each, from one OVMF\t%.1f ms\t<= 50 ms\n",
           all.ours_us / 1e3);
    return 0;
}
