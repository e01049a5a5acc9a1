#include "lib/attest/evidence/cel.h"

#include "lib/attest/evidence/cel_decode.h"

#include <string.h>

#define RECORD_SEPARATOR 0x1e /* RFC 7464 */

void cel_log_done(struct cel_log *log)
{
    json_free(log->json);
    log->json = NULL;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static struct span skip_blanks(struct span text)
{
    while (text.len > 0 && is_blank(text.data[0]))
        text = span_part(text, 1, text.len);
    return text;
}

int cel_log_open(struct span in, struct cel_log *ret, struct err *err)
{
    struct span text = skip_blanks(in);
    struct cel_log log = {.in = in, .form = CEL_TLV};

    if (in.len > CEL_SIZE_MAX)
        return err_set(err, ERR_INPUT, "cel: over %llu bytes", CEL_SIZE_MAX);
    if (text.len > 0 && text.data[0] == '[') {
        log.form = CEL_JSON_ARRAY;
        if (json_parse(text, &log.json, err) < 0)
            return err_wrap(err, "cel");
    } else if (text.len > 0 && (text.data[0] == '{' || text.data[0] == RECORD_SEPARATOR)) {
        log.form = CEL_JSON_LINES;
    }
    *ret = log;
    return 0;
}

/* One record a line. */
static int read_line(struct cel_log *log, struct cel_record *ret, struct err *err)
{
    struct span rest = span_part(log->in, log->at, log->in.len);
    const uint8_t *end = memchr(rest.data, '\n', rest.len);
    size_t len = end != NULL ? (size_t)(end - rest.data) : rest.len;
    struct span line = span_part(rest, 0, len);

    if (line.len > 0 && line.data[0] == RECORD_SEPARATOR)
        line = span_part(line, 1, line.len);
    json_free(log->json);
    log->json = NULL;
    if (json_parse(line, &log->json, err) < 0 || cel_decode_json(log->json, ret, err) < 0)
        return -1;
    log->at += len + (end != NULL ? 1 : 0);
    return 0;
}

static int read_tlv(struct cel_log *log, struct cel_record *ret, struct err *err)
{
    struct reader r = reader_of(log->in);

    r.at = log->at;
    if (cel_decode_tlv(&r, ret, err) < 0)
        return -1;
    log->at = r.at;
    return 0;
}

static int read_record(struct cel_log *log, struct cel_record *ret, struct err *err)
{
    int rc = 0;

    if (log->count == CEL_RECORDS_MAX)
        return err_set(err, ERR_INPUT, "more than %d records", CEL_RECORDS_MAX);
    switch (log->form) {
    case CEL_TLV: rc = read_tlv(log, ret, err); break;
    case CEL_JSON_LINES: rc = read_line(log, ret, err); break;
    case CEL_JSON_ARRAY: rc = cel_decode_json(json_at(log->json, log->at++), ret, err); break;
    }
    if (rc < 0)
        return -1;
    if (ret->has_recnum && log->count > 0 && ret->recnum != log->next_recnum)
        return err_set(err, ERR_INPUT, "it has number %llu instead of %llu",
                       (unsigned long long)ret->recnum, (unsigned long long)log->next_recnum);
    log->next_recnum = (ret->has_recnum ? ret->recnum : log->next_recnum) + 1;
    return 0;
}

static bool at_end(const struct cel_log *log)
{
    if (log->form == CEL_JSON_ARRAY)
        return log->at >= json_count(log->json);
    if (log->form == CEL_JSON_LINES)
        return skip_blanks(span_part(log->in, log->at, log->in.len)).len == 0;
    return log->at == log->in.len;
}

bool cel_log_next(struct cel_log *log, struct cel_record *ret)
{
    struct cel_record record = {.number = log->count, .offset = log->at};

    if (log->failed || at_end(log))
        return false;
    if (read_record(log, &record, &log->err) < 0) {
        log->failed = true;
        err_wrap(&log->err, "cel: record %zu at %s %zu", record.number,
                 log->form == CEL_JSON_ARRAY ? "item" : "byte", record.offset);
        return false;
    }
    log->count++;
    *ret = record;
    return true;
}

int cel_log_check(const struct cel_log *log, struct err *err)
{
    if (!log->failed)
        return 0;
    *err = log->err;
    return -1;
}

bool cel_record_find_digest(const struct cel_record *record, enum digest_alg alg, struct span *ret)
{
    for (size_t i = 0; i < record->digest_count; i++) {
        if (record->digests[i].alg_id == pcr_alg_to_tpm(alg)) {
            *ret = span_of(record->digests[i].value, record->digests[i].len);
            return true;
        }
    }
    return false;
}

/* In a strict replay every record must say what it did to the bank. */
static int extend_record(struct pcr_bank *bank, const struct cel_record *record, bool strict,
                         struct err *err)
{
    struct span digest;

    if (record->is_nv)
        return 0;
    if (!cel_record_find_digest(record, bank->alg, &digest)) {
        if (!strict)
            return 0;
        return err_set(err, ERR_INPUT, "cel: record %zu has no %s digest", record->number,
                       digest_name(bank->alg));
    }
    if (pcr_bank_extend(bank, record->index, digest, err) < 0)
        return err_wrap(err, "cel: record %zu", record->number);
    return 0;
}

static int extend(struct span in, bool strict, struct pcr_bank *bank, struct err *err)
{
    struct cel_record record;
    OWNED_CEL_LOG log = {0};

    if (cel_log_open(in, &log, err) < 0)
        return -1;
    while (cel_log_next(&log, &record))
        if (extend_record(bank, &record, strict, err) < 0)
            return -1;
    return cel_log_check(&log, err);
}

int cel_log_extend(struct span in, struct pcr_bank *bank, struct err *err)
{
    return extend(in, false, bank, err);
}

int cel_log_replay(struct span in, enum digest_alg alg, struct pcr_bank *ret, struct err *err)
{
    struct pcr_bank bank;

    pcr_bank_init(&bank, alg);
    if (extend(in, true, &bank, err) < 0)
        return -1;
    *ret = bank;
    return 0;
}
