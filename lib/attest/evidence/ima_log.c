#include "lib/attest/evidence/ima_log.h"

#include "lib/base/text.h"

#include <string.h>

#define TEMPLATE_NAME_MAX 255

static const size_t digest_sizes[] = {20, 32, 48, 64};

void ima_log_done(struct ima_log *log)
{
    buf_done(&log->line);
}

/* --- what both forms share ------------------------------------------------------------------- */

/* The template "ima" is hashed without lengths, its name filled up with zeros. */
static void fill_old_data(struct ima_log *log, struct ima_entry *entry)
{
    const struct ima_fields *fields = &entry->fields;

    memset(log->old, 0, sizeof(log->old));
    memcpy(log->old, fields->digest.data, fields->digest.len);
    if (fields->name.len > 0)
        memcpy(log->old + fields->digest.len, fields->name.data, fields->name.len);
    entry->data = SPAN_OF_ARRAY(log->old);
}

/* The template digest must be the hash of the data, or zeros for a violation. 32 bytes may be SM3
 * too, which is not computed here; that entry then counts for what its data says, which is what is
 * extended and quoted. */
static int check_digest(struct ima_entry *entry, struct err *err)
{
    static const enum digest_alg by_size[] = {DIGEST_SHA1, DIGEST_SHA256, DIGEST_SHA384,
                                              DIGEST_SHA512};
    uint8_t hash[DIGEST_SIZE_MAX];

    entry->violation = span_is_zero(entry->digest);
    for (size_t i = 0; i < COUNT_OF(by_size); i++) {
        if (entry->digest.len != digest_size(by_size[i]))
            continue;
        digest_of(by_size[i], entry->data, hash);
        if (entry->violation || entry->digest.len == SHA256_SIZE ||
            span_equal(entry->digest, span_of(hash, entry->digest.len)))
            return 0;
        return err_set(err, ERR_INPUT, "the template digest is not the %s of its data",
                       digest_name(by_size[i]));
    }
    return err_set(err, ERR_INPUT, "a template digest of %zu bytes", entry->digest.len);
}

/* --- the binary form ------------------------------------------------------------------------- */

struct header {
    uint32_t pcr;
    struct span digest, template_name;
};

static void read_header(struct reader *r, size_t digest_size, struct header *ret)
{
    uint32_t name_len;

    ret->pcr = read_le32(r);
    ret->digest = read_span(r, digest_size);
    name_len = read_le32(r);
    if (name_len > TEMPLATE_NAME_MAX)
        r->short_read = true;
    ret->template_name = read_span(r, name_len);
}

static int read_data(const struct ima_template *template, struct reader *r, struct ima_entry *ret,
                     struct err *err)
{
    uint32_t len = read_le32(r);
    struct reader inner;

    ret->data = read_span(r, len);
    if (r->short_read)
        return err_set(err, ERR_INPUT, "the log ends inside the entry");
    if (template->count == 0)
        return 0;
    inner = reader_of(ret->data);
    if (ima_template_read(template, &inner, &ret->fields, err) < 0)
        return -1;
    if (!reader_at_end(&inner))
        return err_set(err, ERR_INPUT, "something after the last field");
    return 0;
}

static int read_binary(struct ima_log *log, struct ima_entry *ret, struct err *err)
{
    struct ima_template template = {0};
    struct reader r = reader_of(log->in);
    struct header header;

    r.at = log->at;
    read_header(&r, log->digest, &header);
    if (r.short_read)
        return err_set(err, ERR_INPUT, "the log ends inside the entry");
    ret->pcr = header.pcr;
    ret->digest = header.digest;
    ret->template_name = header.template_name;
    ima_template_find(ret->template_name, &template);

    if (template.old) {
        if (ima_template_read(&template, &r, &ret->fields, err) < 0)
            return -1;
        fill_old_data(log, ret);
    } else if (read_data(&template, &r, ret, err) < 0) {
        return -1;
    }
    log->at = r.at;
    return 0;
}

/* The length of the template digests is written nowhere: the one is taken with which the first
 * entry has a template that we know. */
static bool find_digest_size(struct span in, size_t *ret)
{
    for (size_t i = 0; i < COUNT_OF(digest_sizes); i++) {
        struct reader r = reader_of(in);
        struct ima_template template;
        struct header header;

        read_header(&r, digest_sizes[i], &header);
        if (!r.short_read && ima_template_find(header.template_name, &template)) {
            *ret = digest_sizes[i];
            return true;
        }
    }
    return false;
}

/* --- the text form --------------------------------------------------------------------------- */

static struct span cut_at(struct span *from, char separator)
{
    const uint8_t *end = from->len > 0 ? memchr(from->data, separator, from->len) : NULL;
    size_t len = end != NULL ? (size_t)(end - from->data) : from->len;
    struct span head = span_part(*from, 0, len);

    *from = span_part(*from, len + 1, from->len);
    return head;
}

/* "%2d": below ten there is a blank in front. */
static int parse_pcr(struct span *line, uint32_t *ret, struct err *err)
{
    struct span word;
    uint32_t pcr = 0;

    if (line->len > 0 && line->data[0] == ' ')
        *line = span_part(*line, 1, line->len);
    word = cut_at(line, ' ');
    for (size_t i = 0; i < word.len && pcr < 100; i++)
        pcr = word.data[i] >= '0' && word.data[i] <= '9' ? 10 * pcr + word.data[i] - '0' : 100;
    if (word.len == 0 || word.len > 2 || pcr >= 100)
        return err_set(err, ERR_INPUT, "no register number at the start of the line");
    *ret = pcr;
    return 0;
}

/* The scratch buffer holds the template digest and then the data, both borrowed by the entry. */
static int parse_line(struct ima_log *log, struct span line, struct ima_entry *ret, struct err *err)
{
    struct ima_template template;
    struct reader r;
    size_t digest_len;

    buf_reset(&log->line);
    if (parse_pcr(&line, &ret->pcr, err) < 0)
        return -1;
    if (text_decode_hex(cut_at(&line, ' '), &log->line, err) < 0)
        return err_wrap(err, "template digest");
    digest_len = log->line.len;
    ret->template_name = cut_at(&line, ' ');
    if (!ima_template_find(ret->template_name, &template))
        return err_set(err, ERR_INPUT, "the template is not known");
    if (ima_template_encode(&template, line, &log->line, err) < 0)
        return -1;

    r = reader_of(buf_span(&log->line));
    ret->digest = read_span(&r, digest_len);
    ret->data = reader_rest(&r);
    if (ima_template_read(&template, &r, &ret->fields, err) < 0)
        return -1;
    if (template.old)
        fill_old_data(log, ret);
    return 0;
}

static int read_text(struct ima_log *log, struct ima_entry *ret, struct err *err)
{
    struct span rest = span_part(log->in, log->at, log->in.len);
    struct span line = cut_at(&rest, '\n');

    if (parse_line(log, line, ret, err) < 0)
        return -1;
    log->at = log->in.len - rest.len;
    return 0;
}

/* --- the walk -------------------------------------------------------------------------------- */

int ima_log_open(struct span in, struct ima_log *ret, struct err *err)
{
    struct ima_log log = {.in = in, .line = BUF_OF(IMA_TEMPLATE_DATA_MAX)};

    if (in.len > IMA_LOG_SIZE_MAX)
        return err_set(err, ERR_INPUT, "ima log: over %llu bytes", IMA_LOG_SIZE_MAX);
    log.text = in.len > 0 && (in.data[0] == ' ' || (in.data[0] >= '0' && in.data[0] <= '9'));
    if (!log.text && in.len > 0 && !find_digest_size(in, &log.digest))
        return err_set(err, ERR_INPUT, "ima log: neither the binary nor the text form, at byte 0");
    *ret = log;
    return 0;
}

static int read_entry(struct ima_log *log, struct ima_entry *ret, struct err *err)
{
    if (log->count == IMA_LOG_ENTRIES_MAX)
        return err_set(err, ERR_INPUT, "more than %u entries", IMA_LOG_ENTRIES_MAX);
    if ((log->text ? read_text(log, ret, err) : read_binary(log, ret, err)) < 0)
        return -1;
    if (ret->pcr >= PCR_COUNT)
        return err_set(err, ERR_INPUT, "there is no register %u", ret->pcr);
    return check_digest(ret, err);
}

bool ima_log_next(struct ima_log *log, struct ima_entry *ret)
{
    struct ima_entry entry = {.number = log->count, .offset = log->at};

    if (log->failed || log->at == log->in.len)
        return false;
    if (read_entry(log, &entry, &log->err) < 0) {
        log->failed = true;
        err_wrap(&log->err, "ima log: entry %zu at byte %zu", entry.number, entry.offset);
        return false;
    }
    log->count++;
    *ret = entry;
    return true;
}

int ima_log_check(const struct ima_log *log, struct err *err)
{
    if (!log->failed)
        return 0;
    *err = log->err;
    return -1;
}

void ima_entry_digest(const struct ima_entry *entry, enum digest_alg alg, uint8_t *out)
{
    if (entry->violation)
        memset(out, 0xff, digest_size(alg));
    else
        digest_of(alg, entry->data, out);
}
