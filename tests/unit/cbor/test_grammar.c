#include "tests/unit/unit.h"

#include "lib/cbor/grammar.h"

static const struct cbor_rule any = {"anything", RULE_ANY};
static const struct cbor_rule whole = {"a number", RULE_INT};
static const struct cbor_rule small = {"a number of 3 to 30", RULE_UINT, .min = 3, .max = 30};
static const struct cbor_rule word = {"a word", RULE_TEXT, .min = 1, .max = 4};
static const struct cbor_rule pair_of_bytes = {"two bytes", RULE_BYTES, .min = 2, .max = 2};
static const struct cbor_rule truth = {"true or false", RULE_BOOL};
static const struct cbor_rule tagged = {"a tagged word", RULE_TAG, .tag = 32, .inner = &word};
static const struct cbor_rule words = {"words", RULE_LIST, .min = 1, .max = 2, .inner = &word};
static const struct cbor_rule *const pair_parts[] = {&word, &small, NULL};
static const struct cbor_rule pair = {"a pair", RULE_TUPLE, .optional = 1, .parts = pair_parts};
static const struct cbor_rule *const either_parts[] = {&tagged, &words, &whole, NULL};
static const struct cbor_rule either = {"one of three", RULE_CHOICE, .parts = either_parts};
static const struct cbor_rule *const outer_parts[] = {&either, &truth, NULL};
static const struct cbor_rule outer = {"one of four", RULE_CHOICE, .parts = outer_parts};
static const struct cbor_rule embedded = {"words inside", RULE_EMBEDDED, .inner = &words};
static const struct cbor_rule *const key_parts[] = {&small, NULL};
static const struct cbor_rule table = {"a table", RULE_TABLE, .min = 1, .inner = &word,
                                       .parts = key_parts};
static const struct cbor_member members[] = {
    {1, "number", &small, true}, {-2, "word", &word, false}, {3, "anything", &any, false}, {0}};
static const struct cbor_rule closed = {"a thing", RULE_MAP, .min = 1, .members = members};
static const struct cbor_rule open = {"a thing", RULE_MAP, .min = 1, .open = true,
                                      .members = members};

/* Documents in hex, the rule, and what the error must say; NULL: it fits. */
static const struct {
    const char *hex;
    const struct cbor_rule *rule;
    const char *says;
} cases[] = {
    {"00", &any, NULL},
    {"61", &any, "cbor:"},
    {"38ff", &whole, NULL},
    {"6161", &whole, "byte 0: expected a number"},
    {"02", &small, "byte 0: expected a number of 3 to 30"},
    {"03", &small, NULL},
    {"181e", &small, NULL},
    {"181f", &small, "byte 0"},
    {"60", &word, "a word"},
    {"6461626364", &word, NULL},
    {"656162636465", &word, "a word"},
    {"4100", &pair_of_bytes, "two bytes"},
    {"420000", &pair_of_bytes, NULL},
    {"f5", &truth, NULL},
    {"f6", &truth, "true or false"},
    {"d8206161", &tagged, NULL},
    {"d8216161", &tagged, "a tagged word"},
    {"d82000", &tagged, "byte 2: expected a word"},
    {"80", &words, "byte 0: expected words"},
    {"816161", &words, NULL},
    {"8261616162", &words, NULL},
    {"83616161626163", &words, "byte 0: expected words"},
    {"82616100", &words, "byte 3: expected a word"},
    {"80", &pair, "byte 0: a pair has 2 parts, here are 0"},
    {"816161", &pair, NULL},
    {"82616105", &pair, NULL},
    {"8361610505", &pair, "here are 3"},
    {"82616101", &pair, "byte 3"},
    {"d8206161", &either, NULL},
    {"816161", &either, NULL},
    {"20", &either, NULL},
    {"f5", &either, "byte 0: expected one of three"},
    {"8100", &either, "byte 1: expected a word"},
    {"f5", &outer, NULL},
    {"d8206161", &outer, NULL},
    {"6161", &outer, "one of four"},
    {"43816161", &embedded, NULL},
    {"428100", &embedded, "byte 2: expected a word"},
    {"4181", &embedded, "byte 0: words inside: cbor:"},
    {"44816161"
     "00",
     &embedded, "after the end"},
    {"a0", &table, "a table"},
    {"a1056161", &table, NULL},
    {"a1016161", &table, "byte 1"},
    {"a10500", &table, "byte 2"},
    {"a0", &closed, "a thing"},
    {"a10105", &closed, NULL},
    {"a2010521"
     "6161",
     &closed, NULL},
    {"a1216161", &closed, "byte 0: a thing has no number (key 1)"},
    {"a2010539ff00f5", &closed, "byte 3: a key that a thing does not have"},
    {"a2010504"
     "00",
     &closed, "byte 3: a key that a thing does not have"},
    {"a20105616100", &open, "byte 3: a key that a thing does not have"},
    {"a20105"
     "1bffffffffffffffff00",
     &open, "a key that"},
    {"a20105"
     "3bffffffffffffffff00",
     &open, NULL},
    {"a2010522f5", &open, NULL},
    {"a2010504f5", &open, "a key that"},
    {"a10101", &open, "byte 2"},
};

static int check_hex(const char *hex, const struct cbor_rule *rule, size_t *extensions,
                     struct err *ret)
{
    OWNED_BUF bytes = BUF_OF(256);
    struct cbor doc;
    struct err err;

    assert_ok(text_decode_hex(span_of_str(hex), &bytes, &err));
    if (cbor_parse(buf_span(&bytes), CBOR_STRICT, &doc, ret) < 0)
        return -1;
    return cbor_check(doc, rule, extensions, ret);
}

static void every_rule_takes_its_own_and_names_the_byte_of_others(void **state)
{
    struct err err;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int result = check_hex(cases[i].hex, cases[i].rule, NULL, &err);

        if (cases[i].says == NULL && result < 0)
            fail_msg("case %zu, %s: %s", i, cases[i].hex, err.text);
        if (cases[i].says != NULL && result == 0)
            fail_msg("case %zu, %s: was taken", i, cases[i].hex);
        if (cases[i].says == NULL)
            continue;
        assert_int_equal(err.kind, ERR_INPUT);
        if (strstr(err.text, cases[i].says) == NULL)
            fail_msg("case %zu, %s: '%s' does not say '%s'", i, cases[i].hex, err.text,
                     cases[i].says);
    }
}

static void extensions_are_counted(void **state)
{
    size_t extensions = 99;
    struct err err;

    (void)state;
    assert_ok(check_hex("a10105", &open, &extensions, &err));
    assert_int_equal(extensions, 0);
    assert_ok(check_hex("a3010522f523f5", &open, &extensions, &err));
    assert_int_equal(extensions, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_takes_its_own_and_names_the_byte_of_others),
        cmocka_unit_test(extensions_are_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
