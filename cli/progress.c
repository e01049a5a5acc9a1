#include "cli/progress.h"

#include "cli/print.h"
#include "lib/base/clock.h"
#include "lib/base/text.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DRAW_EVERY_MS   100
#define COLUMNS_DEFAULT 80
#define BAR_MAX         30
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

static void add_rate(struct buf *out, uint64_t done, uint64_t total, int64_t elapsed_ms)
{
    uint64_t rate = elapsed_ms > 0 ? done * 1000 / (uint64_t)elapsed_ms : 0;
    char left[TEXT_DURATION_SIZE];

    if (elapsed_ms < 500 || rate == 0)
        return;
    buf_add_str(out, "  ");
    print_bytes(out, rate);
    buf_add_str(out, "/s");
    if (total == UINT64_MAX || done >= total)
        return;
    text_format_duration((total - done) / rate * 1000, left);
    buf_printf(out, "  %s left", left);
}

void progress_format(struct buf *out, const char *what, uint64_t done, uint64_t total,
                     int64_t elapsed_ms, unsigned columns)
{
    OWNED_BUF numbers = BUF_OF(256);
    unsigned percent, filled;
    bool known = total != UINT64_MAX && total > 0;

    print_bytes(&numbers, done);
    if (known) {
        buf_add_str(&numbers, " of ");
        print_bytes(&numbers, total);
    }
    add_rate(&numbers, done, total, elapsed_ms);

    text_add_printable(out, span_of_str(what), NAME_MAX_SHOWN);
    if (known && columns > out->len + numbers.len + BAR_MAX + 10) {
        percent = (unsigned)(done >= total ? 100 : (double)done * 100 / (double)total);
        filled = percent * BAR_MAX / 100;
        buf_add_str(out, " [");
        for (unsigned i = 0; i < BAR_MAX; i++)
            buf_add_u8(out, i < filled ? '#' : '.');
        buf_printf(out, "] %3u%%", percent);
    }
    buf_printf(out, "  %s", buf_str(&numbers));
    while (out->len > columns)
        out->data[--out->len] = '\0';
}

void progress_update(void *ctx, uint64_t done, uint64_t total)
{
    struct progress *progress = ctx;
    int64_t now = clock_monotonic_ms();
    OWNED_BUF line = BUF_OF(1 * KIB);

    if (!progress->enabled || now - progress->drawn_ms < DRAW_EVERY_MS)
        return;
    progress_format(&line, progress->what, done, total, now - progress->begun_ms,
                    columns_of_terminal() - 1);
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
