#include "lib/attest/evidence/ima_text.h"

#include "lib/base/text.h"

static void write_unknown(struct span data, struct buf *out)
{
    for (size_t i = 0; i < data.len; i++)
        buf_printf(out, i == 0 ? " %02x" : "%02x", data.data[i]);
}

/* The template "ima" is kept filled up, without lengths: see ima_log.h. */
static void write_old(const struct ima_entry *entry, struct buf *out)
{
    char hex[2 * DIGEST_SIZE_MAX + 1];

    text_hex(entry->fields.digest.data, entry->fields.digest.len, hex);
    buf_printf(out, " %s ", hex);
    text_add_printable(out, entry->fields.name, IMA_NAME_PADDED);
}

/* A violation is told as zeros, and extended as ones. */
static int write_entry(const struct ima_entry *entry, struct buf *out, struct err *err)
{
    uint8_t digest[DIGEST_SIZE_MAX] = {0};
    char hex[2 * DIGEST_SIZE_MAX + 1];
    struct ima_template template;

    if (!entry->violation)
        ima_entry_digest(entry, DIGEST_SHA1, digest);
    text_hex(digest, digest_size(DIGEST_SHA1), hex);
    buf_printf(out, "%2u %s ", entry->pcr, hex);
    text_add_printable(out, entry->template_name, IMA_NAME_PADDED);
    if (!ima_template_find(entry->template_name, &template))
        write_unknown(entry->data, out);
    else if (template.old)
        write_old(entry, out);
    else if (ima_template_print(&template, entry->data, out, err) < 0)
        return -1;
    buf_add_u8(out, '\n');
    return 0;
}

int ima_text_write(struct span list, struct span pcr10, struct buf *out, struct err *err)
{
    struct ima_replay whole;
    struct ima_entry entry;
    OWNED_IMA_LOG log = {0};
    struct err none;

    if (pcr10.len != digest_size(DIGEST_SHA1))
        return err_set(err, ERR_INPUT, "PCR 10 of %zu bytes is none of SHA-1", pcr10.len);
    if (ima_log_match(list, DIGEST_SHA1, pcr10, &whole, &none) < 0 &&
        ima_log_replay(list, DIGEST_SHA1, &whole, err) < 0)
        return -1;
    if (ima_log_open(list, &log, err) < 0)
        return -1;
    while (log.count < whole.entries && ima_log_next(&log, &entry))
        if (write_entry(&entry, out, err) < 0)
            return -1;
    if (ima_log_check(&log, err) < 0)
        return -1;
    return buf_check(out, "the list as text", err);
}
