#include "lib/attest/evidence/boot_facts.h"

#include "lib/base/text.h"

#define VERSION_MAX 64 /* a firmware volume does not fit into the text of a version */

const char *const boot_secure_names[] = {"unknown", "off", "on", NULL};

/* The register of each subject; NONE where the layout mixes it with others. */
#define NONE 32

struct registers {
    unsigned firmware, secure_boot, applications, loader, stub;
    uint32_t separated; /* registers with exactly one separator */
};

static const struct registers layouts[] = {
    [BOOT_PCR] = {0, 7, 4, 8, 9, 0xff},
    [BOOT_RTMR] = {NONE, 1, 2, 3, 3, 1u << 1 | 1u << 2},
};

struct walk {
    const struct registers *registers;
    enum digest_alg alg;
    uint32_t separators; /* registers in which one was seen */
    struct boot_facts facts;
};

typedef int (*visit_event)(struct walk *walk, const struct tcg_event *event, struct err *err);

/* --- separators ------------------------------------------------------------------------------ */

static bool is_separator(const struct walk *walk, const struct tcg_event *event)
{
    static const uint8_t zeros[4] = {0};

    return tcg_event_measures(event, walk->alg, SPAN_OF_ARRAY(zeros));
}

static int note_separator(struct walk *walk, const struct tcg_event *event, struct err *err)
{
    uint32_t bit = 1u << event->index;

    if ((walk->registers->separated & walk->separators & bit) != 0)
        return err_set(err, ERR_INPUT, "a second separator in register %u", event->index);
    walk->separators |= bit;
    return 0;
}

/* --- Secure Boot ----------------------------------------------------------------------------- */

/* EFI_GLOBAL_VARIABLE, and the name in UTF-16. */
static const uint8_t global_variable[16] = {0x61, 0xdf, 0xe4, 0x8b, 0xca, 0x93, 0xd2, 0x11,
                                            0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c};
static const uint8_t secure_boot_name[] = "S\0e\0c\0u\0r\0e\0B\0o\0o\0t"; /* and its last zero */

static bool read_secure_boot(struct span variable, enum boot_secure *ret)
{
    struct reader r = reader_of(variable);
    struct span guid, name, value;
    uint64_t name_chars, value_len;

    guid = read_span(&r, sizeof(global_variable));
    name_chars = read_le64(&r);
    value_len = read_le64(&r);
    if (name_chars > variable.len)
        return false;
    name = read_span(&r, 2 * name_chars);
    value = read_span(&r, value_len);
    if (r.short_read || !reader_at_end(&r) || !span_equal(guid, SPAN_OF_ARRAY(global_variable)) ||
        !span_equal(name, SPAN_OF_ARRAY(secure_boot_name)))
        return false;
    *ret = value.len == 1 && value.data[0] == 1 ? BOOT_SECURE_ON : BOOT_SECURE_OFF;
    return true;
}

static int visit_secure_boot(struct walk *walk, const struct tcg_event *event, struct err *err)
{
    enum boot_secure found;

    if (event->index != walk->registers->secure_boot || !read_secure_boot(event->data, &found) ||
        !tcg_event_measures(event, walk->alg, event->data))
        return 0;
    if (walk->facts.secure_boot != BOOT_SECURE_UNKNOWN)
        return err_set(err, ERR_INPUT, "a second setting of Secure Boot");
    if ((walk->separators >> event->index & 1) != 0)
        return err_set(err, ERR_INPUT, "a setting of Secure Boot after the separator");
    walk->facts.secure_boot = found;
    return 0;
}

/* --- code ------------------------------------------------------------------------------------ */

static int add_digest(struct walk *walk, struct boot_digests *to, const struct tcg_event *event,
                      struct err *err)
{
    struct span digest;

    if (!tcg_event_find_digest(event, walk->alg, &digest))
        return 0;
    if (to->count == BOOT_DIGESTS_MAX)
        return err_set(err, ERR_INPUT, "more than %d digests in register %u", BOOT_DIGESTS_MAX,
                       event->index);
    to->items[to->count++] = digest;
    return 0;
}

static int visit_firmware(struct walk *walk, const struct tcg_event *event, struct err *err)
{
    bool version = event->type == EV_S_CRTM_VERSION && event->data.len <= VERSION_MAX &&
                   tcg_event_measures(event, walk->alg, event->data);

    if (event->index != walk->registers->firmware || version || is_separator(walk, event))
        return 0;
    return add_digest(walk, &walk->facts.firmware, event, err);
}

/* The words of the firmware are measured as they are. */
static bool is_firmware_word(const struct walk *walk, const struct tcg_event *event)
{
    return is_separator(walk, event) || (event->type != EV_EFI_BOOT_SERVICES_APPLICATION &&
                                         tcg_event_measures(event, walk->alg, event->data));
}

static int visit_application(struct walk *walk, const struct tcg_event *event, struct err *err)
{
    if (event->index != walk->registers->applications || is_firmware_word(walk, event))
        return 0;
    return add_digest(walk, &walk->facts.applications, event, err);
}

/* --- the kernel's start ---------------------------------------------------------------------- */

/* GRUB measures the text without its prefix, and without the zero at the end. */
static const char *const command_line_prefixes[] = {"kernel_cmdline: ", "grub_kernel_cmdline "};

static bool strip_prefix(struct span *text)
{
    for (size_t i = 0; i < COUNT_OF(command_line_prefixes); i++) {
        struct span prefix = span_of_str(command_line_prefixes[i]);

        if (span_equal(span_part(*text, 0, prefix.len), prefix)) {
            *text = span_part(*text, prefix.len, text->len);
            if (text->len > 0 && text->data[text->len - 1] == '\0')
                text->len--;
            return true;
        }
    }
    return false;
}

static int visit_command_line(struct walk *walk, const struct tcg_event *event, struct err *err)
{
    struct span text = event->data;

    if (event->index != walk->registers->loader || !strip_prefix(&text) || !text_is_utf8(text) ||
        !tcg_event_measures(event, walk->alg, text))
        return 0;
    if (walk->facts.command_line.len > 0)
        return err_set(err, ERR_INPUT, "a second command line of the kernel");
    walk->facts.command_line = text;
    return 0;
}

/* Linux, drivers/firmware/efi/libstub: tagged events whose digest is of what the tag names. */
enum { TAG_INITRD = 0x8f3b22ec, TAG_LOAD_OPTIONS = 0x8f3b22ed };

static int visit_stub(struct walk *walk, const struct tcg_event *event, struct err *err)
{
    struct reader r = reader_of(event->data);
    uint32_t tag = read_le32(&r);
    struct span *to = tag == TAG_INITRD         ? &walk->facts.initrd
                      : tag == TAG_LOAD_OPTIONS ? &walk->facts.load_options
                                                : NULL;

    if (event->index != walk->registers->stub || event->type != EV_EVENT_TAG || to == NULL)
        return 0;
    if (to->len > 0)
        return err_set(err, ERR_INPUT, "a second event with tag 0x%08x", tag);
    tcg_event_find_digest(event, walk->alg, to);
    return 0;
}

/* --- the face -------------------------------------------------------------------------------- */

static const visit_event visits[] = {visit_secure_boot, visit_firmware, visit_application,
                                     visit_command_line, visit_stub};

static int visit(struct walk *walk, const struct tcg_event *event, struct err *err)
{
    for (size_t i = 0; i < COUNT_OF(visits); i++)
        if (visits[i](walk, event, err) < 0)
            return -1;
    return is_separator(walk, event) ? note_separator(walk, event, err) : 0;
}

int boot_facts_read(const struct tcg_log *log, enum boot_layout layout, enum digest_alg alg,
                    uint32_t proven, struct boot_facts *ret, struct err *err)
{
    struct walk walk = {.registers = &layouts[layout], .alg = alg};
    struct tcg_cursor cursor = tcg_log_begin(log);
    struct tcg_event event;

    while (tcg_log_next(&cursor, &event)) {
        if (!tcg_event_is_extended(&event) || (proven >> event.index & 1) == 0)
            continue;
        if (visit(&walk, &event, err) < 0)
            return err_wrap(err, "event log: event %zu at byte %zu", event.number, event.offset);
    }
    *ret = walk.facts;
    return 0;
}
