#include "lib/json/parse_flat.h"

#include "lib/base/mem.h"

#define MEMBERS_MAX 64 /* of a document that is read so */

struct scan {
    struct span in;
    size_t at;
    char *room; /* as long as the text, which no decoded text exceeds */
    size_t used;
};

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

/* What follows a backslash; 0 for what is not read here. */
static char unescape(uint8_t c)
{
    static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
    const char *at = c != '\0' ? strchr(from, c) : NULL;

    return at != NULL ? to[at - from] : '\0';
}

/* Bytes from here on that stand for themselves. */
static size_t plain_run(const struct scan *s)
{
    size_t end = s->at;

    while (end < s->in.len && s->in.data[end] >= 0x20 && s->in.data[end] < 0x80 &&
           s->in.data[end] != '"' && s->in.data[end] != '\\')
        end++;
    return end - s->at;
}

static bool take_text(struct scan *s, struct span *ret)
{
    size_t from = s->used;

    if (!take(s, '"'))
        return false;
    for (;;) {
        size_t run = plain_run(s);
        char c;

        memcpy(s->room + s->used, s->in.data + s->at, run);
        s->used += run;
        s->at += run;
        if (take(s, '"'))
            break;
        if (!take(s, '\\') || s->at == s->in.len)
            return false;
        c = unescape(s->in.data[s->at++]);
        if (c == '\0')
            return false;
        s->room[s->used++] = c;
    }
    *ret = span_of(s->room + from, s->used - from);
    return true;
}

static bool take_null(struct scan *s)
{
    return take(s, 'n') && take(s, 'u') && take(s, 'l') && take(s, 'l');
}

/* One member into the object, which must not have it yet. */
static bool take_member(struct scan *s, json_t *object)
{
    char *room = s->room;
    struct span key, value;
    json_t *json;

    if (!take_text(s, &key))
        return false;
    room[s->used++] = '\0'; /* where the quotes stood in the text */
    skip_blanks(s);
    if (!take(s, ':'))
        return false;
    skip_blanks(s);
    if (s->at < s->in.len && s->in.data[s->at] == 'n')
        json = take_null(s) ? json_null() : NULL;
    else
        json =
            take_text(s, &value) ? json_stringn_nocheck((const char *)value.data, value.len) : NULL;
    if (json == NULL || json_object_get(object, (const char *)key.data) != NULL) {
        json_decref(json);
        return false;
    }
    return json_object_set_new_nocheck(object, (const char *)key.data, json) == 0;
}

static bool take_object(struct scan *s, json_t *object)
{
    skip_blanks(s);
    if (!take(s, '{'))
        return false;
    for (size_t i = 0; i < MEMBERS_MAX; i++) {
        skip_blanks(s);
        if (!take_member(s, object))
            return false;
        skip_blanks(s);
        if (take(s, '}')) {
            skip_blanks(s);
            return s->at == s->in.len;
        }
        if (!take(s, ','))
            return false;
    }
    return false;
}

json_t *json_parse_flat(struct span text)
{
    OWNED(free_str) char *room = mem_zeroed(text.len + 1, 1);
    struct scan s = {.in = text, .room = room};
    json_t *object = json_object();

    if (object != NULL && take_object(&s, object))
        return object;
    json_decref(object);
    return NULL;
}
