#include "services/grpc-gateway/cvms/log_tail.h"

#include <inttypes.h>
#include <stdio.h>

#define LINE_MAX 4096

void log_tail_init(struct log_tail *tail)
{
    *tail = (struct log_tail){.line = BUF_OF(LINE_MAX)};
}

void log_tail_done(struct log_tail *tail)
{
    buf_done(&tail->line);
}

void log_tail_flush(struct log_tail *tail, log_tail_listener *listener, void *ctx)
{
    if (tail->line.len > 0)
        listener(ctx, buf_span(&tail->line));
    buf_reset(&tail->line);
}

/* How many bytes came before what is kept; the line that says so is taken off. */
static uint64_t take_note(struct span *kept)
{
    static const char before[] = "[", after[] = " bytes before this are not kept]\n";
    struct span rest = *kept;
    uint64_t number = 0;
    size_t digits = 0;

    if (rest.len < sizeof(before) || rest.data[0] != (uint8_t)before[0])
        return 0;
    rest = span_part(rest, 1, rest.len);
    while (digits < rest.len && digits < 18 && rest.data[digits] >= '0' && rest.data[digits] <= '9')
        number = number * 10 + (uint64_t)(rest.data[digits++] - '0');
    rest = span_part(rest, digits, rest.len);
    if (digits == 0 || rest.len < sizeof(after) - 1 ||
        !span_equal(span_part(rest, 0, sizeof(after) - 1), span_of_str(after)))
        return 0;
    *kept = span_part(rest, sizeof(after) - 1, rest.len);
    return number;
}

static void tell_gap(struct log_tail *tail, uint64_t bytes, log_tail_listener *listener, void *ctx)
{
    char line[80];

    log_tail_flush(tail, listener, ctx);
    snprintf(line, sizeof(line), "[%" PRIu64 " bytes were said too fast to be kept]", bytes);
    listener(ctx, span_of_str(line));
}

static void tell_lines(struct log_tail *tail, struct span fresh, log_tail_listener *listener,
                       void *ctx)
{
    while (fresh.len > 0) {
        const uint8_t *end = memchr(fresh.data, '\n', fresh.len);
        size_t room = LINE_MAX - tail->line.len;
        size_t len = end != NULL ? (size_t)(end - fresh.data) : fresh.len;
        bool whole = end != NULL && len <= room;

        buf_add_span(&tail->line, span_part(fresh, 0, len < room ? len : room));
        fresh = span_part(fresh, whole ? len + 1 : (len < room ? len : room), fresh.len);
        if (whole || tail->line.len == LINE_MAX)
            log_tail_flush(tail, listener, ctx);
    }
}

void log_tail_feed(struct log_tail *tail, struct span kept, log_tail_listener *listener, void *ctx)
{
    uint64_t begin = take_note(&kept), end = begin + kept.len;

    if (end <= tail->told)
        return;
    if (begin > tail->told) {
        tell_gap(tail, begin - tail->told, listener, ctx);
        tail->told = begin;
    }
    kept = span_part(kept, (size_t)(tail->told - begin), kept.len);
    tail->told = end;
    tell_lines(tail, kept, listener, ctx);
}
