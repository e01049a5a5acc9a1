#include "lib/json/parse_plain.h"

#include "lib/base/mem.h"
#include "lib/json/json.h"

#define DIGITS_MAX 18 /* of a number that surely fits */

struct scan {
    struct span in;
    size_t at;
    char *room; /* for texts with escapes: as long as the document, which they never exceed */
    size_t used;
};

/* Bytes of a text that stand for themselves. */
static const bool plain[256] = {
    [0x20 ... '"' - 1] = true, ['"' + 1 ... '\\' - 1] = true, ['\\' + 1 ... 0x7f] = true};

/* What follows a backslash; 0 for what is not read here. */
static const char escapes[256] = {['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
                                  ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t'};

static json_t *take_value(struct scan *s, unsigned depth);

/* The next byte; 0, which no document has, at the end. */
static uint8_t next(const struct scan *s)
{
    return s->at < s->in.len ? s->in.data[s->at] : 0;
}

static bool take(struct scan *s, char c)
{
    if (s->at == s->in.len || s->in.data[s->at] != (uint8_t)c)
        return false;
    s->at++;
    return true;
}

static void skip_blanks(struct scan *s)
{
    while (take(s, ' ') || take(s, '\n') || take(s, '\r') || take(s, '\t'))
        continue;
}

/* --- texts and numbers ----------------------------------------------------------------------- */

/* From the first escape on; from: where the text began. */
static bool take_escaped(struct scan *s, size_t from, struct span *ret)
{
    char *room = s->room + s->used, *to = room;

    memcpy(to, s->in.data + from, s->at - from);
    to += s->at - from;
    while (!take(s, '"')) {
        char c = '\0';

        if (plain[next(s)])
            c = (char)next(s);
        else if (take(s, '\\'))
            c = escapes[next(s)];
        if (c == '\0')
            return false;
        s->at++;
        *to++ = c;
    }
    *ret = span_of(room, (size_t)(to - room));
    s->used += ret->len;
    return true;
}

static bool take_text(struct scan *s, struct span *ret)
{
    size_t from;

    if (!take(s, '"'))
        return false;
    from = s->at;
    while (plain[next(s)])
        s->at++;
    *ret = span_part(s->in, from, s->at - from);
    return take(s, '"') || take_escaped(s, from, ret);
}

static json_t *take_string(struct scan *s)
{
    struct span text;

    return take_text(s, &text) ? json_stringn_nocheck((const char *)text.data, text.len) : NULL;
}

static json_t *take_integer(struct scan *s)
{
    bool negative = take(s, '-');
    size_t from = s->at;
    json_int_t value = 0;

    while (next(s) >= '0' && next(s) <= '9' && s->at - from < DIGITS_MAX)
        value = 10 * value + (s->in.data[s->at++] - '0');
    if (s->at == from || (s->in.data[from] == '0' && s->at - from > 1))
        return NULL;
    return json_integer(negative ? -value : value); /* what may not follow, whoever asked refuses */
}

static json_t *take_word(struct scan *s)
{
    static const struct {
        const char *word;
        json_t *(*make)(void);
    } words[] = {{"true", json_true}, {"false", json_false}, {"null", json_null}};

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        struct span word = span_of_str(words[i].word);

        if (!span_equal(span_part(s->in, s->at, word.len), word))
            continue;
        s->at += word.len;
        return words[i].make();
    }
    return NULL;
}

/* --- objects and arrays ---------------------------------------------------------------------- */

/* One member into the object, which must not have it yet. */
static bool take_member(struct scan *s, json_t *object, unsigned depth)
{
    size_t count = json_object_size(object);
    struct span key;
    json_t *value;

    skip_blanks(s);
    if (!take_text(s, &key))
        return false;
    skip_blanks(s);
    if (!take(s, ':'))
        return false;
    value = take_value(s, depth);
    return value != NULL &&
           json_object_setn_new_nocheck(object, (const char *)key.data, key.len, value) == 0 &&
           json_object_size(object) == count + 1;
}

static bool take_element(struct scan *s, json_t *array, unsigned depth)
{
    json_t *value = take_value(s, depth);

    return value != NULL && json_array_append_new(array, value) == 0;
}

static json_t *take_list(struct scan *s, json_t *list, unsigned depth)
{
    const bool object = json_is_object(list);
    json_auto_t *owned = list;

    if (owned == NULL || depth > JSON_DEPTH_MAX)
        return NULL;
    s->at++; /* the bracket */
    skip_blanks(s);
    if (take(s, object ? '}' : ']'))
        return GIVE(owned);
    do {
        if (!(object ? take_member : take_element)(s, owned, depth))
            return NULL;
        skip_blanks(s);
    } while (take(s, ','));
    return take(s, object ? '}' : ']') ? GIVE(owned) : NULL;
}

/* depth: brackets that are open around it. */
static json_t *take_value(struct scan *s, unsigned depth)
{
    skip_blanks(s);
    switch (next(s)) {
    case '{': return take_list(s, json_object(), depth + 1);
    case '[': return take_list(s, json_array(), depth + 1);
    case '"': return take_string(s);
    case 't':
    case 'f':
    case 'n': return take_word(s);
    default: return take_integer(s);
    }
}

json_t *json_parse_plain(struct span text)
{
    OWNED(free_str) char *room = mem_zeroed(text.len + 1, 1);
    struct scan s = {.in = text, .room = room};
    json_auto_t *value = take_value(&s, 0);

    skip_blanks(&s);
    return s.at == text.len ? GIVE(value) : NULL;
}
