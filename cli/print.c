#include "cli/print.h"

#include "lib/base/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <unistd.h>

#define LINE_MAX_BYTES (64 * KIB)
#define CELL_MAX       200
#define PLAIN          "\033[0m"

/* What a state means, in colour: going well, on its way, ended badly. */
static const struct {
    const char *state;
    const char *colour;
} state_colours[] = {
    {"running", "\033[32m"},  {"Running", "\033[32m"},   {"ConsumingResults", "\033[32m"},
    {"Complete", "\033[32m"}, {"accepted", "\033[32m"},  {"provisioning", "\033[33m"},
    {"booting", "\033[33m"},  {"attesting", "\033[33m"}, {"stopping", "\033[33m"},
    {"failed", "\033[31m"},   {"Failed", "\033[31m"},    {"rejected", "\033[31m"},
    {"expired", "\033[31m"},  {"fail", "\033[31m"},      {"warn", "\033[33m"},
    {"ok", "\033[32m"},
};

bool print_is_terminal(FILE *stream)
{
    const char *no_color = getenv("NO_COLOR");
    const char *term = getenv("TERM");

    return isatty(fileno(stream)) && (no_color == NULL || no_color[0] == '\0') &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

/* --- messages --- */

static bool verbose_messages;

void say_set_verbose(bool verbose)
{
    verbose_messages = verbose;
}

bool say_is_verbose(void)
{
    return verbose_messages;
}

static void PRINTF_LIKE(3, 0)
    say_with(const char *colour, const char *word, const char *format, va_list args)
{
    OWNED(free_str) char *text = NULL;
    OWNED_BUF line = BUF_OF(LINE_MAX_BYTES);
    bool coloured = colour != NULL && print_is_terminal(stderr);

    if (vasprintf(&text, format, args) < 0)
        abort();
    text_add_printable(&line, span_of_str(text), LINE_MAX_BYTES / 4);
    fflush(stdout); /* keeps both in order where they go to one place */
    fprintf(stderr, "%s%s%s%s\n", coloured ? colour : "", word, coloured ? PLAIN : "",
            buf_str(&line));
}

void say(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say_with(NULL, "", format, args);
    va_end(args);
}

void say_warning(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say_with("\033[33m", "warning: ", format, args);
    va_end(args);
}

void say_error(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say_with("\033[31m", "error: ", format, args);
    va_end(args);
}

/* --- results --- */

static void put_printable(struct span text)
{
    size_t max = 4 * text.len + 4; /* every byte as \xNN */
    OWNED_BUF out = BUF_OF(max);

    text_add_printable(&out, text, max);
    print_span(buf_span(&out));
}

void print_line(const char *format, ...)
{
    OWNED(free_str) char *text = NULL;
    va_list args;

    va_start(args, format);
    if (vasprintf(&text, format, args) < 0)
        abort();
    va_end(args);
    put_printable(span_of_str(text));
    putchar('\n');
}

void print_foreign(struct span bytes)
{
    if (!isatty(STDOUT_FILENO)) {
        print_span(bytes);
        return;
    }
    while (bytes.len > 0) {
        size_t run = 0;

        while (run < bytes.len && bytes.data[run] != '\n' && bytes.data[run] != '\t')
            run++;
        put_printable(span_part(bytes, 0, run));
        if (run < bytes.len)
            putchar(bytes.data[run]);
        bytes = span_part(bytes, run + 1, bytes.len);
    }
}

void print_json(const struct json *json)
{
    OWNED_BUF text = BUF_OF(64 * MIB);

    json_write_pretty(json, &text);
    if (text.len == 0 || text.data[text.len - 1] != '\n')
        buf_add_u8(&text, '\n');
    print_span(buf_span(&text));
}

void print_span(struct span bytes)
{
    if (bytes.len > 0)
        fwrite(bytes.data, 1, bytes.len, stdout);
}

int print_finish(struct err *err)
{
    if (fflush(stdout) != 0 || ferror(stdout))
        return err_set_errno(err, ERR_SYSTEM, "write the result to standard output");
    return 0;
}

/* --- values --- */

const struct json *member_at(const struct json *object, const char *path)
{
    char key[64];

    while (object != NULL && path[0] != '\0') {
        size_t length = strcspn(path, "/");

        snprintf(key, sizeof(key), "%.*s", (int)length, path);
        object = json_get(object, key);
        path += path[length] == '/' ? length + 1 : length;
    }
    return object;
}

void print_bytes(struct buf *out, uint64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes;
    size_t unit = 0;

    while (value >= 1024 && unit + 1 < COUNT_OF(units)) {
        value /= 1024;
        unit++;
    }
    buf_printf(out, unit == 0 || value >= 100 ? "%.0f %s" : "%.1f %s", value, units[unit]);
}

static void add_age(struct buf *out, const char *time, int64_t now)
{
    struct err ignored;
    int64_t then;
    char age[TEXT_DURATION_SIZE];
    uint64_t seconds;

    if (text_parse_time(time, &then, &ignored) < 0) {
        text_add_printable(out, span_of_str(time), CELL_MAX);
        return;
    }
    seconds = (uint64_t)(now > then ? now - then : then - now);
    /* Two units are enough to read: 3h12m, not 3h12m45s. */
    seconds -= seconds >= 86400 ? seconds % 3600 : seconds >= 3600 ? seconds % 60 : 0;
    text_format_duration(seconds * 1000, age);
    buf_printf(out, now >= then ? "%s" : "in %s", age);
}

static void add_list(struct buf *out, const struct json *array)
{
    for (size_t i = 0; i < json_count(array); i++) {
        const char *text = json_str(json_at(array, i));

        buf_add_str(out, i > 0 ? ", " : "");
        if (text != NULL)
            text_add_printable(out, span_of_str(text), CELL_MAX);
        else
            json_write(json_at(array, i), out);
    }
}

/* The value as text; nothing when it is absent. now: 0 for times as they are. */
static void add_value(struct buf *out, const struct json *value, enum column_kind kind, int64_t now)
{
    if (value == NULL)
        return;
    switch (json_kind_of(value)) {
    case JSON_KIND_NULL: break;
    case JSON_KIND_STRING:
        if (kind == COLUMN_TIME && now != 0)
            add_age(out, json_str(value), now);
        else
            text_add_printable(out, span_of_str(json_str(value)), CELL_MAX);
        break;
    case JSON_KIND_INTEGER:
        if (kind == COLUMN_BYTES && json_int(value) >= 0)
            print_bytes(out, (uint64_t)json_int(value));
        else
            buf_printf(out, "%" PRId64, json_int(value));
        break;
    case JSON_KIND_BOOL: buf_add_str(out, json_bool(value) ? "yes" : "no"); break;
    case JSON_KIND_ARRAY: add_list(out, value); break;
    default: json_write(value, out); break;
    }
}

static const char *colour_of(const char *state)
{
    for (size_t i = 0; i < COUNT_OF(state_colours); i++)
        if (strcmp(state_colours[i].state, state) == 0)
            return state_colours[i].colour;
    return NULL;
}

/* The columns that a terminal needs for text: continuation bytes of UTF-8 take none. */
static size_t width_of(const char *text)
{
    size_t width = 0;

    for (; *text != '\0'; text++)
        width += ((uint8_t)*text & 0xc0) != 0x80;
    return width;
}

static void put_cell(const char *text, enum column_kind kind, size_t width, bool last)
{
    const char *colour = kind == COLUMN_STATE && print_is_terminal(stdout) ? colour_of(text) : NULL;
    size_t have = width_of(text);

    printf("%s%s%s", colour ? colour : "", text, colour ? PLAIN : "");
    if (!last)
        printf("%*s", (int)(width - have + 2), "");
}

/* --- tables --- */

/* The text of every cell, row by row, and how wide each column gets. */
static struct buf *make_cells(const struct json *array, const struct column *columns, size_t count,
                              int64_t now, size_t *widths)
{
    struct buf *cells = mem_zeroed(json_count(array) * count + 1, sizeof(*cells));

    for (size_t k = 0; k < count; k++)
        widths[k] = width_of(columns[k].title);
    for (size_t i = 0; i < json_count(array); i++)
        for (size_t k = 0; k < count; k++) {
            struct buf *cell = &cells[i * count + k];
            size_t width;

            *cell = BUF_OF(LINE_MAX_BYTES);
            add_value(cell, member_at(json_at(array, i), columns[k].path), columns[k].kind, now);
            if (cell->len == 0)
                buf_add_u8(cell, '-');
            width = width_of(buf_str(cell));
            widths[k] = width > widths[k] ? width : widths[k];
        }
    return cells;
}

void print_table(const struct json *array, const struct column *columns, size_t count, int64_t now)
{
    size_t rows = json_count(array);
    size_t *widths = mem_zeroed(count, sizeof(*widths));
    struct buf *cells = make_cells(array, columns, count, now, widths);

    for (size_t k = 0; k < count; k++)
        put_cell(columns[k].title, COLUMN_TEXT, widths[k], k + 1 == count);
    putchar('\n');
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = 0; k < count; k++) {
            put_cell(buf_str(&cells[i * count + k]), columns[k].kind, widths[k], k + 1 == count);
            buf_done(&cells[i * count + k]);
        }
        putchar('\n');
    }
    free(cells);
    free(widths);
}

void print_object(const struct json *object, const struct column *columns, size_t count)
{
    size_t width = 0;

    for (size_t k = 0; k < count; k++)
        width = width_of(columns[k].title) > width ? width_of(columns[k].title) : width;
    for (size_t k = 0; k < count; k++) {
        OWNED_BUF value = BUF_OF(LINE_MAX_BYTES);

        add_value(&value, member_at(object, columns[k].path), columns[k].kind, 0);
        if (value.len == 0)
            continue;
        printf("%s:%*s", columns[k].title, (int)(width - width_of(columns[k].title) + 2), "");
        put_cell(buf_str(&value), columns[k].kind, 0, true);
        putchar('\n');
    }
}
