#include "lib/attest/reference/pcr_boot.h"

#include "lib/attest/reference/linux_boot.h"
#include "lib/attest/reference/pe.h"
#include "lib/attest/reference/uki.h"
#include "lib/base/buf.h"

#define OPTIONS_MAX (64 * KIB)
#define UNTIL_AGENT 14 /* the last register that booting decides */

/* What a VM without other boot options has: BootOrder {0x0000} and Boot0000, the UiApp of OVMF. The
 * content is fixed by the firmware volume's GUIDs. With a disk that can be booted from, that comes
 * first, and the firmware's shell last, which Secure Boot does not let start. */
static const uint8_t boot_order[] = {0x00, 0x00};
static const uint8_t boot_order_disk[] = {0x01, 0x00, 0x00, 0x00, 0x02, 0x00};
static const uint8_t boot_0001[] = {
    0x01, 0x00, 0x00, 0x00, 0x16, 0x00, 'U',  0x00, 'E',  0x00, 'F',  0x00, 'I',
    0x00, ' ',  0x00, 'N',  0x00, 'o',  0x00, 'n',  0x00, '-',  0x00, 'B',  0x00,
    'l',  0x00, 'o',  0x00, 'c',  0x00, 'k',  0x00, ' ',  0x00, 'B',  0x00, 'o',
    0x00, 'o',  0x00, 't',  0x00, ' ',  0x00, 'D',  0x00, 'e',  0x00, 'v',  0x00,
    'i',  0x00, 'c',  0x00, 'e',  0x00, 0x00, 0x00, 0x02, 0x01, 0x0c, 0x00, 0xd0,
    0x41, 0x03, 0x0a, 0x00, 0x00, 0x00, 0x00, 0x01, 0x01, 0x06, 0x00, 0x00, PCR_BOOT_DISK_SLOT,
    0x7f, 0xff, 0x04, 0x00, 0x4e, 0xac, 0x08, 0x81, 0x11, 0x9f, 0x59, 0x4d, 0x85,
    0x0e, 0xe2, 0x1a, 0x52, 0x2c, 0x59, 0xb2,
};
static const uint8_t boot_0002[] = {
    0x01, 0x00, 0x00, 0x00, 0x2c, 0x00, 'E',  0x00, 'F',  0x00, 'I',  0x00, ' ',  0x00, 'I',
    0x00, 'n',  0x00, 't',  0x00, 'e',  0x00, 'r',  0x00, 'n',  0x00, 'a',  0x00, 'l',  0x00,
    ' ',  0x00, 'S',  0x00, 'h',  0x00, 'e',  0x00, 'l',  0x00, 'l',  0x00, 0x00, 0x00, 0x04,
    0x07, 0x14, 0x00, 0xc9, 0xbd, 0xb8, 0x7c, 0xeb, 0xf8, 0x34, 0x4f, 0xaa, 0xea, 0x3e, 0xe4,
    0xaf, 0x65, 0x16, 0xa1, 0x04, 0x06, 0x14, 0x00, 0x83, 0xa5, 0x04, 0x7c, 0x3e, 0x9e, 0x1c,
    0x4f, 0xad, 0x65, 0xe0, 0x52, 0x68, 0xd0, 0xb4, 0xd1, 0x7f, 0xff, 0x04, 0x00,
};
static const uint8_t boot_0000[] = {
    0x09, 0x01, 0x00, 0x00, 0x2c, 0x00, 'U',  0x00, 'i',  0x00, 'A',  0x00, 'p',  0x00, 'p',  0x00,
    0x00, 0x00, 0x04, 0x07, 0x14, 0x00, 0xc9, 0xbd, 0xb8, 0x7c, 0xeb, 0xf8, 0x34, 0x4f, 0xaa, 0xea,
    0x3e, 0xe4, 0xaf, 0x65, 0x16, 0xa1, 0x04, 0x06, 0x14, 0x00, 0x21, 0xaa, 0x2c, 0x46, 0x14, 0x76,
    0x03, 0x45, 0x83, 0x6e, 0x8a, 0xb6, 0xf4, 0x66, 0x23, 0x31, 0x7f, 0xff, 0x04, 0x00,
};

/* Index and size are right by construction. */
static void extend_digest(struct pcr_bank *bank, unsigned index,
                          const uint8_t digest[static SHA256_SIZE])
{
    struct err err;

    if (pcr_bank_extend(bank, index, span_of(digest, SHA256_SIZE), &err) < 0)
        abort();
}

/* Extends a register with the digest of data. */
static void extend(struct pcr_bank *bank, unsigned index, struct span data)
{
    uint8_t digest[SHA256_SIZE];

    digest_of(DIGEST_SHA256, data, digest);
    extend_digest(bank, index, digest);
}

static void extend_text(struct pcr_bank *bank, unsigned index, const char *text)
{
    extend(bank, index, span_of_str(text));
}

static void extend_separator(struct pcr_bank *bank, unsigned index)
{
    static const uint8_t separator[4];

    extend(bank, index, SPAN_OF_ARRAY(separator));
}

static void predict_secure_boot(const struct pcr_boot_input *input, struct pcr_bank *bank)
{
    uint8_t digest[SHA256_SIZE];

    for (size_t i = 0; i < SECURE_BOOT_VARIABLES; i++) {
        secure_boot_digest(&input->secure_boot, i, DIGEST_SHA256, digest);
        extend_digest(bank, 7, digest);
    }
    extend_separator(bank, 7);
    if (input->secure_boot_authority.len == 0)
        return;
    secure_boot_authority_digest(input->secure_boot_authority, DIGEST_SHA256, digest);
    extend_digest(bank, 7, digest);
}

static int predict_kernel(const struct pcr_boot_input *input, struct pcr_bank *bank,
                          struct err *err)
{
    uint8_t head[LINUX_HEAD_SIZE], digest[SHA256_SIZE];
    uint64_t initrd_size = input->initrd_sha256 != NULL ? input->initrd_size : 0;
    struct pe_image image = {.file = input->kernel};

    if (input->qemu_patches) {
        if (linux_boot_patch_head(input->kernel, input->ram_bytes, initrd_size, head, err) < 0)
            return -1;
        image.head = SPAN_OF_ARRAY(head);
    }
    if (pe_authenticode(&image, DIGEST_SHA256, digest, err) < 0)
        return err_wrap(err, "kernel");
    if (pcr_bank_extend(bank, 4, SPAN_OF_ARRAY(digest), err) < 0)
        return -1;
    extend_text(bank, 4, "Calling EFI Application from Boot Option");
    extend_separator(bank, 4);
    return 0;
}

static int predict_stub(const struct pcr_boot_input *input, struct pcr_bank *bank, struct err *err)
{
    OWNED_BUF options = BUF_OF(OPTIONS_MAX);

    if (linux_boot_load_options(input->cmdline, input->initrd_sha256 != NULL, &options, err) < 0)
        return -1;
    extend(bank, 9, buf_span(&options));
    if (input->initrd_sha256 == NULL)
        return 0;
    return pcr_bank_extend(bank, 9, span_of(input->initrd_sha256, SHA256_SIZE), err);
}

/* The contents of a section, as they are in memory. */
static int find_section(struct span image, const char *name, struct span *ret, struct err *err)
{
    struct pe_section section;

    if (pe_find_section(image, name, &section, err) < 0)
        return err_wrap(err, "kernel image");
    *ret = span_part(section.data, 0, section.memory_size);
    return 0;
}

/* A unified image, which the firmware starts from a disk: its stub measures every part of it, and
 * hands initrd and command line to the kernel's own, which measures them again. */
static int predict_unified(const struct pcr_boot_input *input, struct pcr_bank *bank,
                           struct err *err)
{
    struct pe_image image = {.file = input->kernel};
    struct span cmdline = {0}, initrd = {0};
    OWNED_BUF text = BUF_OF(OPTIONS_MAX), options = BUF_OF(OPTIONS_MAX);
    uint8_t digest[SHA256_SIZE];

    extend_text(bank, 4, "Calling EFI Application from Boot Option");
    extend_separator(bank, 4);
    if (pe_authenticode(&image, DIGEST_SHA256, digest, err) < 0)
        return err_wrap(err, "kernel image");
    extend_digest(bank, 4, digest);

    if (find_section(input->kernel, ".cmdline", &cmdline, err) < 0 ||
        find_section(input->kernel, ".initrd", &initrd, err) < 0)
        return -1;
    buf_add_span(&text, cmdline);
    if (buf_check(&text, "command line", err) < 0 ||
        linux_boot_load_options(buf_str(&text), false, &options, err) < 0)
        return -1;
    extend(bank, 9, buf_span(&options));
    extend(bank, 9, initrd);
    if (uki_measure(input->kernel, DIGEST_SHA256, digest, err) < 0)
        return -1;
    return pcr_bank_give(bank, 11, SPAN_OF_ARRAY(digest), err);
}

static int predict_direct(const struct pcr_boot_input *input, struct pcr_bank *bank,
                          struct err *err)
{
    static const uint8_t zero[SHA256_SIZE];

    if (predict_kernel(input, bank, err) < 0 || predict_stub(input, bank, err) < 0)
        return -1;
    return pcr_bank_give(bank, 11, SPAN_OF_ARRAY(zero), err);
}

static void predict_options(const struct pcr_boot_input *input, struct pcr_bank *bank)
{
    extend(bank, 1, input->unified ? SPAN_OF_ARRAY(boot_order_disk) : SPAN_OF_ARRAY(boot_order));
    if (input->unified)
        extend(bank, 1, SPAN_OF_ARRAY(boot_0001));
    extend(bank, 1, SPAN_OF_ARRAY(boot_0000));
    if (input->unified)
        extend(bank, 1, SPAN_OF_ARRAY(boot_0002));
    extend_separator(bank, 1);
}

int pcr_boot_predict(const struct pcr_boot_input *input, struct pcr_bank *bank, struct err *err)
{
    static const uint8_t zero[SHA256_SIZE];

    if (bank->alg != DIGEST_SHA256)
        return err_set(err, ERR_UNSUPPORTED, "PCRs are predicted for the sha256 bank, not for %s",
                       digest_name(bank->alg));

    predict_options(input, bank);
    for (unsigned index = 2; index <= 6; index++)
        if (index != 4)
            extend_separator(bank, index);
    extend_text(bank, 5, "Exit Boot Services Invocation");
    extend_text(bank, 5, "Exit Boot Services Returned with Success");
    predict_secure_boot(input, bank);
    if ((input->unified ? predict_unified : predict_direct)(input, bank, err) < 0)
        return -1;

    for (unsigned index = 8; index <= UNTIL_AGENT; index++)
        if ((index < 9 || index > 11) && pcr_bank_give(bank, index, SPAN_OF_ARRAY(zero), err) < 0)
            return -1;
    return 0;
}

void pcr_boot_firmware(const uint8_t crtm_version[static SHA256_SIZE],
                       const uint8_t peifv[static SHA256_SIZE],
                       const uint8_t dxefv[static SHA256_SIZE], uint8_t out[static SHA256_SIZE])
{
    const uint8_t *const digests[] = {crtm_version, peifv, dxefv};
    struct pcr_bank bank;
    struct err err;

    pcr_bank_init(&bank, DIGEST_SHA256);
    for (size_t i = 0; i < COUNT_OF(digests); i++)
        if (pcr_bank_extend(&bank, 0, span_of(digests[i], SHA256_SIZE), &err) < 0)
            abort();
    extend_separator(&bank, 0);
    memcpy(out, pcr_bank_get(&bank, 0).data, SHA256_SIZE);
}

void pcr_boot_aggregate(const struct pcr_bank *bank, uint8_t out[static SHA256_SIZE])
{
    OWNED_DIGEST *digest = digest_new(DIGEST_SHA256);
    uint8_t aggregate[SHA256_SIZE];
    OWNED_BUF record = BUF_OF(1 * KIB);
    struct pcr_bank ten;

    for (unsigned index = 0; index <= 9; index++)
        digest_add(digest, pcr_bank_get(bank, index));
    digest_finish(digest, aggregate);

    /* The template data of ima-ng: "sha256:" NUL digest, then the name, each with its length. */
    buf_add_le32(&record, 8 + SHA256_SIZE);
    buf_add(&record, "sha256:", 8);
    buf_add(&record, aggregate, sizeof(aggregate));
    buf_add_le32(&record, 15);
    buf_add(&record, "boot_aggregate", 15);
    buf_add_le32(&record, 0);

    pcr_bank_init(&ten, DIGEST_SHA256);
    extend(&ten, 10, buf_span(&record));
    memcpy(out, pcr_bank_get(&ten, 10).data, SHA256_SIZE);
}
