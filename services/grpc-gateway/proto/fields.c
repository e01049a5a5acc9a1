#include "services/grpc-gateway/proto/fields.h"

#define NUMBER_MAX 536870911 /* 2^29 - 1 */

enum wire_type { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* A byte of a number. *ret: it was the last one. */
static int take_varint(struct proto_fields *fields, uint8_t byte, bool *ret, struct err *err)
{
    if (fields->shift == 63 && byte > 1)
        return err_set(err, ERR_MALFORMED, "protobuf: a number of more than 64 bits");
    fields->value |= (uint64_t)(byte & 0x7f) << fields->shift;
    fields->shift += 7;
    *ret = (byte & 0x80) == 0;
    return 0;
}

static int take_tag(struct proto_fields *fields, struct err *err)
{
    uint64_t number = fields->value >> 3;
    unsigned type = fields->value & 7;

    if (number == 0 || number > NUMBER_MAX)
        return err_set(err, ERR_MALFORMED, "protobuf: a field of the number %llu",
                       (unsigned long long)number);
    fields->number = (uint32_t)number;
    switch (type) {
    case WIRE_VARINT: fields->at = PROTO_AT_VARINT; break;
    case WIRE_BYTES: fields->at = PROTO_AT_LENGTH; break;
    case WIRE_FIXED64:
    case WIRE_FIXED32:
        fields->at = PROTO_AT_FIXED;
        fields->left = type == WIRE_FIXED64 ? 8 : 4;
        break;
    default: return err_set(err, ERR_MALFORMED, "protobuf: a field of wire type %u", type);
    }
    return 0;
}

static void begin_field(struct proto_fields *fields)
{
    fields->at = PROTO_AT_TAG;
    fields->value = 0;
    fields->shift = 0;
}

/* The number that was being read is complete. */
static int end_varint(struct proto_fields *fields, struct err *err)
{
    uint64_t value = fields->value;
    int at = fields->at, result = 0;

    if (at == PROTO_AT_TAG)
        result = take_tag(fields, err);
    else if (at == PROTO_AT_VARINT)
        begin_field(fields);
    else {
        fields->left = value;
        fields->at = PROTO_AT_BYTES;
    }
    fields->value = 0;
    fields->shift = 0;
    return result;
}

static struct span take(struct proto_fields *fields, struct span *in)
{
    struct span part = span_part(*in, 0, fields->left < in->len ? (size_t)fields->left : in->len);

    *in = span_part(*in, part.len, in->len);
    fields->left -= part.len;
    return part;
}

int proto_fields_next(struct proto_fields *fields, struct span *in, struct proto_piece *ret,
                      struct err *err)
{
    bool whole;

    *ret = (struct proto_piece){0};
    for (;;) {
        if (fields->at == PROTO_AT_BYTES && (in->len > 0 || fields->left == 0)) {
            ret->number = fields->number;
            ret->bytes = take(fields, in);
            ret->is_end = fields->left == 0;
            if (ret->is_end)
                begin_field(fields);
            return 0;
        }
        if (in->len == 0)
            return 0;
        if (fields->at == PROTO_AT_FIXED) {
            take(fields, in);
            if (fields->left == 0)
                begin_field(fields);
            continue;
        }
        if (take_varint(fields, in->data[0], &whole, err) < 0)
            return -1;
        *in = span_part(*in, 1, in->len);
        if (whole && end_varint(fields, err) < 0)
            return -1;
    }
}

int proto_fields_end(struct proto_fields *fields, struct err *err)
{
    bool between = fields->at == PROTO_AT_TAG && fields->shift == 0;

    *fields = (struct proto_fields){0};
    return between ? 0 : err_set(err, ERR_MALFORMED, "protobuf: the message ends within a field");
}
