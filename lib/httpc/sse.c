#include "lib/httpc/sse.h"

#include <stdio.h>

void sse_init(struct sse *sse)
{
    *sse = (struct sse){.line = BUF_OF(SSE_EVENT_MAX), .data = BUF_OF(SSE_EVENT_MAX)};
}

void sse_done(struct sse *sse)
{
    buf_done(&sse->line);
    buf_done(&sse->data);
}

void sse_reset(struct sse *sse)
{
    buf_reset(&sse->line);
    buf_reset(&sse->data);
    sse->type[0] = '\0';
    sse->after_cr = false;
    sse->has_data = false;
}

static void keep_field(char out[static SSE_FIELD_MAX], struct span value)
{
    snprintf(out, SSE_FIELD_MAX, "%.*s", (int)value.len, (const char *)value.data);
}

/* An empty line: tells the event that was gathered, if there is one. */
static int dispatch(struct sse *sse, sse_listener *listener, void *ctx, struct err *err)
{
    struct sse_event event = {
        .id = sse->id,
        .type = sse->type[0] != '\0' ? sse->type : "message",
        .data = buf_span(&sse->data),
    };
    int result = sse->has_data ? listener(ctx, &event, err) : 0;

    buf_reset(&sse->data);
    sse->type[0] = '\0';
    sse->has_data = false;
    return result;
}

static void take_field(struct sse *sse, struct span line)
{
    const uint8_t *colon = memchr(line.data, ':', line.len);
    size_t length = colon != NULL ? (size_t)(colon - line.data) : line.len;
    struct span name = span_part(line, 0, length);
    struct span value = span_part(line, length + 1, line.len);

    if (value.len > 0 && value.data[0] == ' ')
        value = span_part(value, 1, value.len);

    if (span_equal(name, span_of_str("data"))) {
        if (sse->has_data)
            buf_add_u8(&sse->data, '\n');
        buf_add_span(&sse->data, value);
        sse->has_data = true;
    } else if (span_equal(name, span_of_str("event"))) {
        keep_field(sse->type, value);
    } else if (span_equal(name, span_of_str("id"))) {
        if (memchr(value.data, '\0', value.len) == NULL)
            keep_field(sse->id, value);
    }
}

static int end_line(struct sse *sse, sse_listener *listener, void *ctx, struct err *err)
{
    struct span line = buf_span(&sse->line);
    int result = 0;

    if (buf_check(&sse->line, "an event", err) < 0)
        return -1;
    if (line.len == 0)
        result = dispatch(sse, listener, ctx, err);
    else
        take_field(sse, line);
    buf_reset(&sse->line);
    return result < 0 ? -1 : buf_check(&sse->data, "an event", err);
}

int sse_feed(struct sse *sse, struct span bytes, sse_listener *listener, void *ctx, struct err *err)
{
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.data[i];
        bool ends = c == '\r' || (c == '\n' && !sse->after_cr);

        if (c != '\r' && c != '\n')
            buf_add_u8(&sse->line, c);
        sse->after_cr = c == '\r';
        if (ends && end_line(sse, listener, ctx, err) < 0)
            return -1;
    }
    return buf_check(&sse->line, "an event", err);
}
