#include "lib/crypto/pem.h"

#include "lib/base/text.h"

#define BEGIN  "-----BEGIN "
#define END    "-----END "
#define DASHES "-----"

void pem_done(struct pem *pem)
{
    buf_done(&pem->content);
    *pem = (struct pem){0};
}

static bool is_blank(uint8_t c)
{
    return c <= ' ' && (c == ' ' || c == '\t' || c == '\r' || c == '\n');
}

static struct span trim(struct span text)
{
    while (text.len > 0 && is_blank(text.data[0]))
        text = span_part(text, 1, text.len);
    while (text.len > 0 && is_blank(text.data[text.len - 1]))
        text.len--;
    return text;
}

static bool starts_with(struct span text, const char *prefix)
{
    return span_equal(span_part(text, 0, strlen(prefix)), span_of_str(prefix));
}

static bool ends_with(struct span text, const char *suffix)
{
    size_t len = strlen(suffix);

    return text.len >= len && span_equal(span_part(text, text.len - len, len), span_of_str(suffix));
}

bool pem_is(struct span text)
{
    return starts_with(trim(text), "-----");
}

/* Where what stands in text first, or text.len. */
static size_t find(struct span text, const char *what)
{
    const uint8_t *at = text.len > 0 ? memmem(text.data, text.len, what, strlen(what)) : NULL;

    return at != NULL ? (size_t)(at - text.data) : text.len;
}

/* The label between its dashes is the whole line; the same at both ends. */
static int take_label(struct span first, struct span last, struct pem *to, struct err *err)
{
    const size_t begin = strlen(BEGIN), end = strlen(END), dashes = strlen(DASHES);
    struct span label;

    if (first.len < begin + dashes || last.len < end + dashes)
        return err_set(err, ERR_INPUT, "is not one PEM block");
    label = span_part(first, begin, first.len - begin - dashes);
    if (!ends_with(first, DASHES) || !ends_with(last, DASHES) || label.len >= PEM_LABEL_SIZE ||
        memchr(label.data, '\0', label.len) != NULL)
        return err_set(err, ERR_INPUT, "PEM block has a malformed label");
    if (!span_equal(label, span_part(last, end, last.len - end - dashes)))
        return err_set(err, ERR_INPUT, "PEM block ends with another label than it begins with");
    memcpy(to->label, label.data, label.len);
    to->label[label.len] = '\0';
    return 0;
}

/* Lines may be of any length. */
static int take_content(struct span lines, struct buf *out, struct err *err)
{
    OWNED_BUF base64 = {.max = lines.len, .secret = true};
    uint8_t *at = buf_grow(&base64, lines.len);
    size_t len = 0;

    for (size_t i = 0; i < lines.len; i++)
        if (!is_blank(lines.data[i]))
            at[len++] = lines.data[i];
    *out = (struct buf){.max = lines.len, .secret = true};
    if (text_decode_base64(span_of(at, len), out, err) < 0)
        return err_wrap(err, "PEM block");
    return 0;
}

/* text begins and ends with what is no blank. */
static int read_block(struct span text, struct pem *to, struct err *err)
{
    size_t line = find(text, "\n"), end = find(text, END);
    struct span lines = line < end ? span_part(text, line, end - line) : span_of(NULL, 0);

    if (!starts_with(text, BEGIN) || end == text.len)
        return err_set(err, ERR_INPUT, "is not one PEM block");
    if (find(span_part(text, 1, text.len), BEGIN) != text.len - 1 ||
        find(span_part(text, end, text.len), "\n") != text.len - end)
        return err_set(err, ERR_INPUT, "has something after its first PEM block");
    if (lines.len == 0 || lines.data[lines.len - 1] != '\n')
        return err_set(err, ERR_INPUT, "PEM block has its content in the line of a label");
    if (find(lines, ":") < lines.len)
        return err_set(err, ERR_INPUT, "PEM block is encrypted or has headers");
    if (take_label(trim(span_part(text, 0, line)), span_part(text, end, text.len), to, err) < 0)
        return -1;
    return take_content(lines, &to->content, err);
}

int pem_parse(struct span text, struct pem *ret, struct err *err)
{
    if (text.len > PEM_MAX)
        return err_set(err, ERR_INPUT, "PEM text is over %llu bytes", PEM_MAX);
    return read_block(trim(text), ret, err);
}
