#include "cli/tcb_text.h"

#include "lib/base/text.h"

const char *const tcb_products[] = {"Milan", "Genoa", "Turin", NULL};

static const char *const parts[] = {"fmc", "bl", "tee", "snp", "ucode"};

/* Which byte of the number is which part, from the lowest; AMD 56860, tables 3 and 4. */
static const char *const old_layout[8] = {"bl", "tee", NULL, NULL, NULL, NULL, "snp", "ucode"};
static const char *const turin_layout[8] = {"fmc", "bl", "tee", "snp", NULL, NULL, NULL, "ucode"};

int tcb_text_number(const char *text, uint64_t *ret, struct err *err)
{
    char digits[17] = "0000000000000000";
    size_t len = text_starts_with(text, "0x") ? strlen(text + 2) : 0;
    uint8_t bytes[8];

    if (len >= 1 && len <= 16) {
        memcpy(digits + 16 - len, text + 2, len);
        if (text_parse_hex(digits, bytes, sizeof(bytes), err) == 0) {
            *ret = 0;
            for (size_t i = 0; i < sizeof(bytes); i++)
                *ret = *ret << 8 | bytes[i];
            return 0;
        }
    }
    if (text_parse_u64(text, UINT64_MAX, ret, err) == 0)
        return 0;
    return err_set(err, ERR_USAGE, "'%.40s' is no number of 64 bits, decimal or 0x", text);
}

static int parse_part(const char *text, size_t len, struct json *tcb, struct err *err)
{
    OWNED(free_str) char *pair = mem_copy(text, len);
    char *equals = strchr(pair, '=');
    uint64_t value;

    if (equals != NULL)
        *equals = '\0';
    for (size_t i = 0; equals != NULL && i < COUNT_OF(parts); i++) {
        if (strcmp(pair, parts[i]) != 0)
            continue;
        if (json_get(tcb, parts[i]) != NULL || text_parse_u64(equals + 1, 255, &value, err) < 0)
            return err_set(err, ERR_USAGE, "'%s': expected one number of 0 to 255", pair);
        json_set_int(tcb, parts[i], (int64_t)value);
        return 0;
    }
    return err_set(err, ERR_USAGE, "'%.40s': expected fmc=, bl=, tee=, snp= or ucode= and a number",
                   pair);
}

static int parse_number(const char *text, const char *product, struct json *tcb, struct err *err)
{
    const char *const *layout =
        product != NULL && strcmp(product, "Turin") == 0 ? turin_layout : old_layout;
    uint64_t number;

    if (tcb_text_number(text, &number, err) < 0)
        return -1;
    for (unsigned i = 0; i < 8; i++) {
        uint8_t byte = (uint8_t)(number >> (8 * i));

        if (layout[i] != NULL)
            json_set_int(tcb, layout[i], byte);
        else if (byte != 0)
            return err_set(err, ERR_USAGE, "byte %u of '%.40s' is reserved on %s", i, text,
                           product != NULL ? product : tcb_products[0]);
    }
    return 0;
}

int tcb_text_parse(const char *text, const char *product, struct json **ret, struct err *err)
{
    OWNED_JSON *tcb = json_new_object();

    if (strchr(text, '=') == NULL) {
        if (parse_number(text, product, tcb, err) < 0)
            return -1;
        *ret = GIVE(tcb);
        return 0;
    }
    for (const char *at = text; at != NULL;) {
        size_t len = strcspn(at, ",");

        if (parse_part(at, len, tcb, err) < 0)
            return -1;
        at = at[len] == ',' ? at + len + 1 : NULL;
    }
    *ret = GIVE(tcb);
    return 0;
}
