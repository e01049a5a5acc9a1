#include "lib/attest/reference/rtmr_boot.h"

#include "lib/attest/reference/linux_boot.h"
#include "lib/attest/reference/pe.h"
#include "lib/base/reader.h"

#define OPTIONS_MAX      (64 * KIB)
#define TAG_INITRD       0x8f3b22ecu /* of Linux's EFI stub */
#define TAG_LOAD_OPTIONS 0x8f3b22edu

/* What replaces events of the template, in the order in which a kind's events must come. */
enum part {
    PART_VARIABLE, /* and the four after it */
    PART_CONFIGURATION = PART_VARIABLE + SECURE_BOOT_VARIABLES,
    PART_KERNEL,
    PART_LOAD_OPTIONS,
    PART_INITRD,
    PART_COUNT
};

static const char *const part_names[PART_COUNT] = {
    "the variable SecureBoot",    "the variable PK",
    "the variable KEK",           "the variable db",
    "the variable dbx",           [PART_CONFIGURATION] = "the configuration volume",
    [PART_KERNEL] = "the kernel", [PART_LOAD_OPTIONS] = "the load options",
    [PART_INITRD] = "the initrd",
};

struct parts {
    bool known[PART_COUNT]; /* the files give its digest */
    bool needed[PART_COUNT];
    bool seen[PART_COUNT];
    uint8_t digest[PART_COUNT][SHA384_SIZE];
    unsigned variables;          /* seen so far */
    uint8_t absent[SHA384_SIZE]; /* of a variable SecureBoot that is not there: as good as off */
    bool may_be_absent;
};

/* --- what the files give -----------------------------------------------------------------------
 */

static void set_part(struct parts *parts, enum part part, bool needed)
{
    parts->known[part] = true;
    parts->needed[part] = needed;
}

static int digest_kernel(const struct pcr_boot_input *boot, struct parts *parts, struct err *err)
{
    uint8_t head[LINUX_HEAD_SIZE];
    struct pe_image image = {.file = boot->kernel};
    uint64_t initrd_size = boot->initrd_sha256 != NULL ? boot->initrd_size : 0;

    if (boot->qemu_patches) {
        if (linux_boot_patch_head(boot->kernel, boot->ram_bytes, initrd_size, head, err) < 0)
            return -1;
        image.head = SPAN_OF_ARRAY(head);
    }
    set_part(parts, PART_KERNEL, true);
    return pe_authenticode(&image, DIGEST_SHA384, parts->digest[PART_KERNEL], err) < 0
               ? err_wrap(err, "kernel")
               : 0;
}

static int digest_files(const struct rtmr_boot_input *input, struct parts *parts, struct err *err)
{
    const struct pcr_boot_input *boot = input->boot;
    bool initrd = boot->initrd_sha256 != NULL;
    const struct secure_boot_vars absent = {.absent = true};
    OWNED_BUF options = BUF_OF(OPTIONS_MAX);

    for (size_t i = 0; i < SECURE_BOOT_VARIABLES; i++) {
        set_part(parts, PART_VARIABLE + i, true);
        secure_boot_digest(&boot->secure_boot, i, DIGEST_SHA384, parts->digest[PART_VARIABLE + i]);
    }
    parts->may_be_absent = !boot->secure_boot.enabled;
    secure_boot_digest(&absent, 0, DIGEST_SHA384, parts->absent);
    if (input->configuration.len > 0) {
        set_part(parts, PART_CONFIGURATION, true);
        digest_of(DIGEST_SHA384, input->configuration, parts->digest[PART_CONFIGURATION]);
    }
    if (linux_boot_load_options(boot->cmdline, initrd, &options, err) < 0 ||
        digest_kernel(boot, parts, err) < 0)
        return -1;
    set_part(parts, PART_LOAD_OPTIONS, true);
    digest_of(DIGEST_SHA384, buf_span(&options), parts->digest[PART_LOAD_OPTIONS]);
    if (initrd) {
        set_part(parts, PART_INITRD, true);
        digest_of(DIGEST_SHA384, input->initrd, parts->digest[PART_INITRD]);
    }
    return 0;
}

/* What the firmware says about an application that it starts, and about its own end. */
static const char *const words[] = {
    "Calling EFI Application from Boot Option",
    "Exit Boot Services Invocation",
    "Exit Boot Services Returned with Success",
};

int rtmr_boot_direct(const struct rtmr_boot_input *input, struct pcr_bank *ret, struct err *err)
{
    static const enum part stub[] = {PART_LOAD_OPTIONS, PART_INITRD};
    struct parts parts = {.variables = 0};
    uint8_t digest[SHA384_SIZE];

    pcr_bank_init_rtmr(ret);
    if (digest_files(input, &parts, err) < 0 ||
        pcr_bank_extend(ret, 1, SPAN_OF_ARRAY(parts.digest[PART_KERNEL]), err) < 0)
        return -1;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        digest_of(DIGEST_SHA384, span_of_str(words[i]), digest);
        if (pcr_bank_extend(ret, 1, SPAN_OF_ARRAY(digest), err) < 0)
            return -1;
    }
    for (size_t i = 0; i < COUNT_OF(stub); i++)
        if (parts.known[stub[i]] &&
            pcr_bank_extend(ret, 2, SPAN_OF_ARRAY(parts.digest[stub[i]]), err) < 0)
            return -1;
    return 0;
}

/* --- what the template has ----------------------------------------------------------------------
 */

/* Which part an event of the template is; PART_COUNT: none of them. */
static enum part part_of(const struct tcg_event *event, const struct parts *parts)
{
    struct reader data = reader_of(event->data);
    uint32_t tag = read_le32(&data);

    switch (ccel_register_of(event)) {
    case 0:
        if (event->type == EV_EFI_VARIABLE_DRIVER_CONFIG &&
            parts->variables < SECURE_BOOT_VARIABLES)
            return PART_VARIABLE + parts->variables;
        return event->type == EV_EFI_PLATFORM_FIRMWARE_BLOB2 ? PART_CONFIGURATION : PART_COUNT;
    case 1: return event->type == EV_EFI_BOOT_SERVICES_APPLICATION ? PART_KERNEL : PART_COUNT;
    case 2:
        if (event->type == EV_EVENT_TAG && tag == TAG_LOAD_OPTIONS)
            return PART_LOAD_OPTIONS;
        return event->type == EV_EVENT_TAG && tag == TAG_INITRD ? PART_INITRD : PART_COUNT;
    default: return PART_COUNT;
    }
}

static int see_part(const struct tcg_event *event, enum part part, struct parts *parts,
                    struct err *err)
{
    if (parts->seen[part])
        return err_set(err, ERR_UNTRUSTED, "template: event %zu is %s a second time", event->number,
                       part_names[part]);
    if (!parts->known[part] && part != PART_CONFIGURATION)
        return err_set(err, ERR_UNTRUSTED, "template: event %zu is %s, and none is given",
                       event->number, part_names[part]);
    parts->seen[part] = true;
    parts->variables += part < PART_CONFIGURATION;
    return 0;
}

static int take_event(const struct tcg_event *event, struct parts *parts, struct rtmr_boot *ret,
                      struct err *err)
{
    enum part part = part_of(event, parts);
    unsigned index = ccel_register_of(event);
    struct span digest;

    if (!tcg_event_find_digest(event, DIGEST_SHA384, &digest))
        return err_set(err, ERR_NOT_FOUND, "template: event %zu has no SHA-384 digest",
                       event->number);
    if (part == PART_COUNT && index >= 2)
        return err_set(err, ERR_UNTRUSTED,
                       "template: event %zu is none of a direct kernel boot, in RTMR%u",
                       event->number, index);
    if (part != PART_COUNT && see_part(event, part, parts, err) < 0)
        return -1;
    if (part == PART_COUNT || !parts->known[part])
        ret->taken[index]++;
    else if (part != PART_VARIABLE || !parts->may_be_absent ||
             !span_equal(digest, SPAN_OF_ARRAY(parts->absent)))
        digest = SPAN_OF_ARRAY(parts->digest[part]);
    return pcr_bank_extend(&ret->registers, index, digest, err);
}

int rtmr_boot_predict(const struct tcg_log *template, const struct rtmr_boot_input *input,
                      struct rtmr_boot *ret, struct err *err)
{
    struct parts parts = {.variables = 0};
    struct tcg_cursor cursor = tcg_log_begin(template);
    struct tcg_event event;

    *ret = (struct rtmr_boot){.taken = {0}};
    pcr_bank_init_rtmr(&ret->registers);
    if (digest_files(input, &parts, err) < 0)
        return -1;
    while (tcg_log_next(&cursor, &event))
        if (tcg_event_is_extended(&event) && take_event(&event, &parts, ret, err) < 0)
            return -1;
    for (size_t i = 0; i < PART_COUNT; i++)
        if (parts.needed[i] && !parts.seen[i])
            return err_set(err, ERR_UNTRUSTED, "template: no event is %s", part_names[i]);
    return 0;
}
