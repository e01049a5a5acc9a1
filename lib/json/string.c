/* Texts as JSON writes them. RFC 8785, section 3.2.2.2: two-letter escapes where JSON has them,
 * \u00xx for the other control characters, everything else as it is. */
#include "lib/json/json.h"

#include "lib/base/text.h"

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c != '"' && c != '\\';
}

static void add_escape(uint8_t c, struct buf *out)
{
    static const char letters[] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n',  ['\f'] = 'f',
        ['\r'] = 'r', ['"'] = '"',  ['\\'] = '\\',
    };
    const char escape[] = {'\\', letters[c]};

    if (escape[1] != '\0')
        buf_add(out, escape, sizeof(escape));
    else
        buf_printf(out, "\\u%04x", c);
}

/* Most texts are one run of plain bytes, which is copied in one go. */
static void add_text(struct span text, struct buf *out)
{
    size_t run = 0;

    for (size_t i = 0; i < text.len; i++) {
        if (is_plain(text.data[i]))
            continue;
        buf_add_span(out, span_part(text, run, i - run));
        add_escape(text.data[i], out);
        run = i + 1;
    }
    buf_add_span(out, span_part(text, run, text.len));
}

void json_write_str(const char *text, struct buf *out)
{
    struct span bytes = span_of_str(text);
    OWNED_BUF shown = BUF_OF(4 * bytes.len);

    if (!text_is_utf8(bytes)) {
        text_add_printable(&shown, bytes, shown.max);
        bytes = buf_span(&shown);
    }
    buf_add_u8(out, '"');
    add_text(bytes, out);
    buf_add_u8(out, '"');
}
