#include "lib/json/json.h"

#include "lib/base/text.h"
#include "lib/json/parse_plain.h"
#include "lib/json/pointer.h"

#include <jansson.h>

/* What a byte means depends on whether it stands in a string. */
struct lexer {
    bool in_string;
    bool escaped;
};

/* True when c is a structural byte, outside strings. */
static bool lexer_feed(struct lexer *lexer, uint8_t c)
{
    if (lexer->in_string) {
        if (!lexer->escaped && c == '"')
            lexer->in_string = false;
        lexer->escaped = !lexer->escaped && c == '\\';
        return false;
    }
    lexer->in_string = c == '"';
    return !lexer->in_string;
}

/* jansson parses by recursion, so the depth is known before it starts. */
static int check_depth(struct span text, struct err *err)
{
    struct lexer lexer = {0};
    size_t depth = 0, line = 1, column = 0;

    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.data[i];

        column++;
        if (c == '\n') {
            line++;
            column = 0;
        }
        if (!lexer_feed(&lexer, c))
            continue;
        if (c == '[' || c == '{')
            depth++;
        if ((c == ']' || c == '}') && depth > 0)
            depth--;
        if (depth > JSON_DEPTH_MAX)
            return err_set(err, ERR_MALFORMED, "line %zu column %zu: nested deeper than %d levels",
                           line, column, JSON_DEPTH_MAX);
    }
    return 0;
}

/* One open array or object on the way to a place in the text. */
struct step {
    bool in_object;
    bool key_next;   /* the next string is a member's key */
    size_t index;    /* of the element, in an array */
    struct span key; /* with its quotes, in an object */
};

struct path {
    struct step steps[JSON_DEPTH_MAX];
    size_t depth;
};

static void path_enter(struct path *path, bool object)
{
    path->steps[path->depth++] = (struct step){.in_object = object, .key_next = object};
}

static void path_string(struct path *path, struct span token)
{
    struct step *top = path->depth > 0 ? &path->steps[path->depth - 1] : NULL;

    if (top != NULL && top->key_next) {
        top->key = token;
        top->key_next = false;
    }
}

static void path_punctuation(struct path *path, uint8_t c)
{
    struct step *top = path->depth > 0 ? &path->steps[path->depth - 1] : NULL;

    if (c == '[' || c == '{') {
        path_enter(path, c == '{');
    } else if (c == ']' || c == '}') {
        path->depth--;
    } else if (c == ',' && top != NULL) {
        top->index++;
        top->key_next = top->in_object;
    }
}

/* Walks the text, which jansson found sound up to its end. */
static void path_walk(struct path *path, struct span text)
{
    struct lexer lexer = {0};
    size_t start = 0;

    for (size_t i = 0; i < text.len; i++) {
        bool was_in_string = lexer.in_string;

        if (lexer_feed(&lexer, text.data[i]))
            path_punctuation(path, text.data[i]);
        else if (!was_in_string)
            start = i;
        else if (!lexer.in_string)
            path_string(path, span_part(text, start, i + 1 - start));
    }
}

/* jansson knows how to read a string, so it reads the key once more. */
static json_t *load_key(struct span token)
{
    return json_loadb((const char *)token.data, token.len, JSON_DECODE_ANY, NULL);
}

/* text ends after the second key of the two. */
static int duplicate(struct span text, struct err *err)
{
    struct path path = {0};

    path_walk(&path, text);
    err_set(err, ERR_INPUT, "member is there twice");
    for (size_t i = path.depth; i > 0; i--) {
        const struct step *step = &path.steps[i - 1];
        json_t *key = step->in_object ? load_key(step->key) : NULL;

        if (step->in_object)
            json_wrap_key(err, key != NULL ? json_string_value(key) : "");
        else
            json_wrap_index(err, step->index);
        json_decref(key);
    }
    return err_wrap(err, "%s", err->pointer);
}

static int malformed(const json_error_t *why, struct err *err)
{
    enum json_error_code code = json_error_code(why);
    bool nul = code == json_error_null_character || code == json_error_null_byte_in_key;
    const char *text = nul ? "a NUL character in a string" : why->text;
    OWNED_BUF words = BUF_OF(2UL * JSON_ERROR_TEXT_LENGTH);

    text_add_printable(&words, span_of_str(text), JSON_ERROR_TEXT_LENGTH);
    return err_set(err, ERR_MALFORMED, "line %d column %d: %s", why->line, why->column,
                   buf_str(&words));
}

int json_parse(struct span text, struct json **ret, struct err *err)
{
    json_error_t why;
    json_t *tree = json_parse_plain(text);

    if (tree != NULL) {
        *ret = (struct json *)tree;
        return 0;
    }
    if (check_depth(text, err) < 0)
        return -1;
    tree = json_loadb(text.len > 0 ? (const char *)text.data : "", text.len,
                      JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &why);
    if (tree == NULL && json_error_code(&why) == json_error_duplicate_key)
        return duplicate(span_part(text, 0, (size_t)why.position), err);
    if (tree == NULL)
        return malformed(&why, err);
    *ret = (struct json *)tree;
    return 0;
}
