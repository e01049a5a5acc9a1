#include "lib/json/member_text.h"

struct scan {
    struct span in;
    size_t at;
};

static uint8_t peek(const struct scan *s)
{
    return s->at < s->in.len ? s->in.data[s->at] : 0;
}

static void skip_blanks(struct scan *s)
{
    while (peek(s) == ' ' || peek(s) == '\t' || peek(s) == '\n' || peek(s) == '\r')
        s->at++;
}

/* Past a string; at its opening quote. */
static void skip_string(struct scan *s)
{
    s->at++;
    while (s->at < s->in.len && peek(s) != '"')
        s->at += peek(s) == '\\' ? 2 : 1;
    s->at++;
}

/* Past a value: to the comma or brace that ends it, or the blanks before that. */
static void skip_value(struct scan *s)
{
    size_t depth = 0;

    while (s->at < s->in.len) {
        uint8_t c = peek(s);

        if (c == '"') {
            skip_string(s);
            if (depth == 0)
                return;
            continue;
        }
        if (depth == 0 && (c == ',' || c == '}' || c == ']' || c <= ' '))
            return;
        if (c == '{' || c == '[')
            depth++;
        if ((c == '}' || c == ']') && --depth == 0) {
            s->at++;
            return;
        }
        s->at++;
    }
}

static struct span taken(const struct scan *s, size_t from)
{
    return s->at > s->in.len ? span_of(NULL, 0) : span_part(s->in, from, s->at - from);
}

bool json_find_text(struct span text, const char *key, struct span *ret)
{
    struct scan s = {.in = text};

    skip_blanks(&s);
    if (peek(&s) != '{')
        return false;
    s.at++;
    for (skip_blanks(&s); peek(&s) == '"'; skip_blanks(&s)) {
        size_t from = s.at;
        struct span name, value;

        skip_string(&s);
        name = taken(&s, from);
        skip_blanks(&s);
        s.at++; /* the colon */
        skip_blanks(&s);
        from = s.at;
        skip_value(&s);
        value = taken(&s, from);
        if (name.len >= 2 && span_equal(span_part(name, 1, name.len - 2), span_of_str(key)) &&
            value.len > 0) {
            *ret = value;
            return true;
        }
        skip_blanks(&s);
        s.at++; /* the comma, or the end */
    }
    return false;
}
