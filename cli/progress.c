#include "cli/progress.h"

#include "cli/print.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DRAW_EVERY_MS   100
#define COLUMNS_DEFAULT 80
#define BAR_MIN         5
#define BAR_MAX         30
#define RATE_AFTER_MS   500 /* before that a rate is a guess */
#define NAME_MAX_SHOWN  24

struct progress progress_begin(const char *what)
{
    return (struct progress){
        .what = what,
        .begun_ms = clock_monotonic_ms(),
        .enabled = isatty(STDERR_FILENO) == 1,
    };
}

static unsigned columns_of_terminal(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
        return COLUMNS_DEFAULT;
    return size.ws_col;
}

static void add_rate(struct buf *out, const struct progress_figures *figures)
{
    uint64_t elapsed_ms = figures->elapsed_ms > 0 ? (uint64_t)figures->elapsed_ms : 0;
    uint64_t rate = elapsed_ms > 0 ? figures->done * 1000 / elapsed_ms : 0;
    char left[TEXT_DURATION_SIZE];

    if (elapsed_ms < RATE_AFTER_MS || rate == 0)
        return;
    buf_add_str(out, "  ");
    print_bytes(out, rate);
    buf_add_str(out, "/s");
    if (figures->total == UINT64_MAX || figures->done >= figures->total)
        return;
    text_format_duration((figures->total - figures->done) / rate * 1000, left);
    buf_printf(out, "  %s left", left);
}

static void add_bar(struct buf *out, const struct progress_figures *figures, unsigned width)
{
    unsigned percent = figures->done >= figures->total
                           ? 100
                           : (unsigned)((double)figures->done * 100 / (double)figures->total);
    unsigned filled = percent * width / 100;

    buf_add_str(out, " [");
    for (unsigned i = 0; i < width; i++)
        buf_add_u8(out, i < filled ? '#' : '.');
    buf_printf(out, "] %3u%%", percent);
}

void progress_format(struct buf *out, const struct progress_figures *figures, unsigned columns)
{
    OWNED_BUF numbers = BUF_OF(256);
    bool known = figures->total != UINT64_MAX && figures->total > 0;
    size_t taken;

    print_bytes(&numbers, figures->done);
    if (known) {
        buf_add_str(&numbers, " of ");
        print_bytes(&numbers, figures->total);
    }
    add_rate(&numbers, figures);

    text_add_printable(out, span_of_str(figures->what), NAME_MAX_SHOWN);
    taken = out->len + numbers.len + strlen(" [] 100%  ");
    if (known && taken + BAR_MIN <= columns)
        add_bar(out, figures,
                columns - taken < BAR_MAX ? (unsigned)(columns - taken) : (unsigned)BAR_MAX);
    buf_printf(out, "  %s", buf_str(&numbers));
    while (out->len > columns)
        out->data[--out->len] = '\0';
}

void progress_update(void *ctx, uint64_t done, uint64_t total)
{
    struct progress *progress = ctx;
    int64_t now = clock_monotonic_ms();
    struct progress_figures figures = {progress->what, done, total, now - progress->begun_ms};
    OWNED_BUF line = BUF_OF(1 * KIB);

    if (!progress->enabled || now - progress->drawn_ms < DRAW_EVERY_MS)
        return;
    progress_format(&line, &figures, columns_of_terminal() - 1);
    fprintf(stderr, "\r\033[K%s", buf_str(&line));
    fflush(stderr);
    progress->drawn_ms = now;
    progress->shown = true;
}

void progress_end(struct progress *progress)
{
    if (progress->shown)
        fputs("\r\033[K", stderr);
    progress->shown = false;
}
