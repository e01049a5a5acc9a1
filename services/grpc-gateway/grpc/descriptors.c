#include "services/grpc-gateway/grpc/descriptors.h"

#include "services/grpc-gateway/proto/fields.h"

#include <string.h>

/* google/protobuf/descriptor.proto */
enum { SET_FILE = 1 };
enum { FILE_NAME = 1, FILE_PACKAGE = 2, FILE_MESSAGE = 4, FILE_ENUM = 5, FILE_SERVICE = 6 };
enum { ANY_NAME = 1 };

/* The next field of bytes; false at the end. */
static bool next(struct span *in, struct proto_piece *ret)
{
    struct proto_fields fields = {0};
    struct err none;

    return in->len > 0 && proto_fields_next(&fields, in, ret, &none) == 0 && ret->number != 0;
}

static struct span field_of(struct span message, uint32_t number)
{
    struct proto_piece piece;

    while (next(&message, &piece))
        if (piece.number == number)
            return piece.bytes;
    return span_of(NULL, 0);
}

/* Takes "word" or "word." off the front of *text; the last word leaves nothing. */
static bool take_words(struct span *text, struct span words)
{
    if (words.len > text->len || !span_equal(span_part(*text, 0, words.len), words))
        return false;
    *text = span_part(*text, words.len, text->len);
    if (text->len == 0)
        return true;
    if (text->data[0] != '.')
        return false;
    *text = span_part(*text, 1, text->len);
    return true;
}

/* What follows the package is the name of something at the file's top, or of a part of it. */
static bool has_symbol(struct span file, struct span symbol)
{
    struct span rest = symbol, package = field_of(file, FILE_PACKAGE);
    struct proto_piece piece;

    if (package.len > 0 && !take_words(&rest, package))
        return false;
    while (next(&file, &piece)) {
        struct span left = rest;

        if ((piece.number == FILE_MESSAGE || piece.number == FILE_ENUM ||
             piece.number == FILE_SERVICE) &&
            rest.len > 0 && take_words(&left, field_of(piece.bytes, ANY_NAME)))
            return true;
    }
    return false;
}

static bool has_name(struct span file, struct span name)
{
    return span_equal(field_of(file, FILE_NAME), name);
}

static bool find(bool (*is_it)(struct span file, struct span what), const char *what,
                 struct span *ret)
{
    struct span set = span_of(descriptor_set, descriptor_set_len);
    struct proto_piece piece;

    while (next(&set, &piece))
        if (piece.number == SET_FILE && is_it(piece.bytes, span_of_str(what))) {
            *ret = piece.bytes;
            return true;
        }
    return false;
}

bool descriptors_find_file(const char *name, struct span *ret)
{
    return find(has_name, name, ret);
}

bool descriptors_find_symbol(const char *symbol, struct span *ret)
{
    return find(has_symbol, symbol, ret);
}
