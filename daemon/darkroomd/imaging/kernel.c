/* From a Bayer mosaic to display values in one pass over the rows, without a picture in between.
 *
 * A value is black-subtracted, white-balanced, clipped to 0..1 and replaced by its square root: there the
 * noise is even, and the difference of two colours stays what it is across a shadow's edge. Green is
 * interpolated where it is missing (Hamilton and Adams, US 5629734, both directions weighted by the square
 * of the other one's gradient) and held between its four neighbours; red and blue follow from their
 * differences to green, of which the 3x3 median is taken wherever they were not measured. Then squares,
 * matrix, clip, table.
 *
 * Rows are kept as two planes, of the even and of the odd columns, so that every loop runs with unit stride.
 * The picture is mirrored around its outermost rows and columns, which keeps the mosaic's phase.
 * `tests/kernel_reference.py` says the same in numpy and is compared bit for bit.
 */

#include "kernel.h"

#include <math.h>
#include <stdlib.h>

/* A function that is inlined into the driver loses `restrict`, and with it the vector instructions. Clones
 * are never inlined. They are chosen before a sanitizer is ready, and by a mechanism of glibc. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__) \
    && !defined(__SANITIZE_ADDRESS__)
#define ROW __attribute__((target_clones("avx2", "default"))) static void
#elif defined(__GNUC__)
#define ROW __attribute__((noinline)) static void
#else
#define ROW static void
#endif

enum {
    MARGIN = 4,       /* columns and rows that a pixel depends on, on each side */
    FIRST = MARGIN / 2, /* index of column 0 in the plane of even columns, and of column 1 in the odd one */
    MEASURED_ROWS = 5,  /* from the row that is written to the one that its green below needs */
    SPARSE_ROWS = 4,
    FULL_ROWS = 3,
    PARITIES = 2,
};

static const float LEAST_GRADIENT = 1e-9f; /* square; keeps flat areas from dividing by zero */

static inline float lower(float a, float b) { return a < b ? a : b; }
static inline float upper(float a, float b) { return a > b ? a : b; }
/* What is no number becomes 1: it must not reach an index. */
static inline float clipped(float a) { return upper(lower(a, 1.0f), 0.0f); }
static inline float middle(float a, float b, float c)
{
    return upper(lower(a, b), lower(upper(a, b), c));
}

ROW balance(const uint16_t *restrict row, ptrdiff_t count, float black, float scale, float *restrict out)
{
    for (ptrdiff_t i = 0; i < count; i++)
        out[i] = sqrtf(clipped(((float)row[2 * i] - black) * scale));
}

/* Greens left, right, above and below of each colour, and the same colour two columns and rows away. */
typedef struct {
    const float *own, *left, *right, *up, *down, *up2, *down2;
} Around;

ROW interpolate_green(const Around *around, ptrdiff_t end, float *restrict green, float *restrict difference)
{
    const float *own = around->own, *left = around->left, *right = around->right, *up = around->up,
                *down = around->down, *up2 = around->up2, *down2 = around->down2;
    for (ptrdiff_t i = 1; i < end; i++) {
        float bend_h = (own[i] + own[i]) - (own[i - 1] + own[i + 1]);
        float bend_v = (own[i] + own[i]) - (up2[i] + down2[i]);
        float green_h = (left[i] + right[i]) * 0.5f + bend_h * 0.25f;
        float green_v = (up[i] + down[i]) * 0.5f + bend_v * 0.25f;
        float steep_h = fabsf(left[i] - right[i]) + fabsf(bend_h);
        float steep_v = fabsf(up[i] - down[i]) + fabsf(bend_v);
        float weight_v = steep_h * steep_h + LEAST_GRADIENT;
        float weight_h = steep_v * steep_v + LEAST_GRADIENT;
        float mean = (green_h * weight_h + green_v * weight_v) / (weight_h + weight_v);
        float least = lower(lower(left[i], right[i]), lower(up[i], down[i]));
        float most = upper(upper(left[i], right[i]), upper(up[i], down[i]));
        green[i] = upper(lower(mean, most), least);
        difference[i] = own[i] - green[i];
    }
}

ROW mean_of_two(const float *a, const float *b, ptrdiff_t end, float *restrict out)
{
    for (ptrdiff_t i = 1; i < end; i++)
        out[i] = (a[i] + b[i]) * 0.5f;
}

ROW mean_of_four(const float *const *of, ptrdiff_t end, float *restrict out)
{
    const float *a = of[0], *b = of[1], *c = of[2], *d = of[3];
    for (ptrdiff_t i = 1; i < end; i++)
        out[i] = ((a[i] + b[i]) + (c[i] + d[i])) * 0.25f;
}

/* Sort each column's three values, to be shared by the medians of its neighbours. */
ROW sort_columns(const float *a, const float *b, const float *c, ptrdiff_t end, float *restrict low,
                 float *restrict mid, float *restrict high)
{
    for (ptrdiff_t i = 1; i < end; i++) {
        float less = lower(a[i], b[i]), more = upper(a[i], b[i]);
        float rest = lower(more, c[i]);
        high[i] = upper(more, c[i]);
        low[i] = lower(less, rest);
        mid[i] = upper(less, rest);
    }
}

/* Three sorted columns' low, middle and high planes, each shifted to where the pixel sees it. */
typedef struct {
    const float *low[3], *mid[3], *high[3];
} Columns;

ROW add_median(const Columns *columns, const float *green, ptrdiff_t first, ptrdiff_t end,
               float *restrict out)
{
    const float *l0 = columns->low[0], *l1 = columns->low[1], *l2 = columns->low[2];
    const float *m0 = columns->mid[0], *m1 = columns->mid[1], *m2 = columns->mid[2];
    const float *h0 = columns->high[0], *h1 = columns->high[1], *h2 = columns->high[2];
    for (ptrdiff_t i = first; i < end; i++) {
        float low = upper(upper(l0[i], l1[i]), l2[i]);
        float high = lower(lower(h0[i], h1[i]), h2[i]);
        out[i] = green[i] + middle(low, middle(m0[i], m1[i], m2[i]), high);
    }
}

/* Roots of camera colours in, indices of the tables out. */
ROW mix(const float *const *colours, const float *matrix, ptrdiff_t first, ptrdiff_t end,
        uint16_t *restrict red, uint16_t *restrict green, uint16_t *restrict blue)
{
    const float *rs = colours[RED], *gs = colours[GREEN], *bs = colours[BLUE];
    const float a0 = matrix[0], a1 = matrix[1], a2 = matrix[2], b0 = matrix[3], b1 = matrix[4],
                b2 = matrix[5], c0 = matrix[6], c1 = matrix[7], c2 = matrix[8];
    for (ptrdiff_t i = first; i < end; i++) {
        float r = clipped(rs[i]), g = clipped(gs[i]), b = clipped(bs[i]);
        r = r * r, g = g * g, b = b * b;
        red[i] = (uint16_t)(int32_t)(clipped((a0 * r + a1 * g) + a2 * b) * 65535.0f + 0.5f);
        green[i] = (uint16_t)(int32_t)(clipped((b0 * r + b1 * g) + b2 * b) * 65535.0f + 0.5f);
        blue[i] = (uint16_t)(int32_t)(clipped((c0 * r + c1 * g) + c2 * b) * 65535.0f + 0.5f);
    }
}

/* tables[colour][index] to every `step`-th value of `out`. */
#define LOOK_UP(NAME, TYPE)                                                                                  \
    static void NAME(const TYPE *restrict tables, const uint16_t *const *indices, ptrdiff_t first,          \
                     ptrdiff_t end, ptrdiff_t step, TYPE *restrict out)                                    \
    {                                                                                                        \
        const uint16_t *red = indices[RED], *green = indices[GREEN], *blue = indices[BLUE];                  \
        for (ptrdiff_t i = first; i < end; i++, out += step) {                                              \
            out[RED] = tables[red[i]];                                                                       \
            out[GREEN] = tables[LEVELS + green[i]];                                                          \
            out[BLUE] = tables[2 * LEVELS + blue[i]];                                                        \
        }                                                                                                    \
    }
LOOK_UP(look_up_8, uint8_t)
LOOK_UP(look_up_16, uint16_t)

/* `at` counts values of `out`. */
static void look_up(const Display *display, const uint16_t *const *indices, ptrdiff_t first, ptrdiff_t end,
                    ptrdiff_t step, void *out, ptrdiff_t at)
{
    if (display->bytes == 1)
        look_up_8(display->tables, indices, first, end, step, (uint8_t *)out + at);
    else
        look_up_16(display->tables, indices, first, end, step, (uint16_t *)out + at);
}

/* The mosaic, what to make of it, and the planes of the rows around the one that is written. */
typedef struct {
    const Mosaic *mosaic;
    const Display *display;
    void *out;
    ptrdiff_t width;
    ptrdiff_t length; /* of a plane */
    float *memory;
    float *measured[MEASURED_ROWS][PARITIES];
    float *green[SPARSE_ROWS], *sparse[SPARSE_ROWS]; /* at the row's measured colour alone */
    float *filled[FULL_ROWS][3];                     /* differences that were not measured */
    const float *full[FULL_ROWS][PARITIES][COLOURS]; /* all differences to green; none for green itself */
    float *low[COLOURS][PARITIES], *mid[COLOURS][PARITIES], *high[COLOURS][PARITIES];
    float *interpolated[COLOURS];
    uint16_t *indices[COLOURS];
} Work;

enum { PLANES = MEASURED_ROWS * PARITIES + 2 * SPARSE_ROWS + 3 * FULL_ROWS + (3 * PARITIES + 2) * COLOURS };

/* Rows count from -MARGIN, where a row above the picture is the mirror of one in it. */
static int parity_of(ptrdiff_t row) { return (int)((row + MARGIN) & 1); }
static ptrdiff_t slot(ptrdiff_t row, int slots) { return (row + MARGIN) % slots; }
static ptrdiff_t mirrored(ptrdiff_t at, ptrdiff_t length)
{
    ptrdiff_t period = 2 * (length - 1);
    at = ((at % period) + period) % period;
    return at < length ? at : period - at;
}

/* The colour beside green that a row has, and the parity of its columns. */
static int colour_of(const Work *work, ptrdiff_t row)
{
    return parity_of(row) == work->mosaic->red_row ? RED : BLUE;
}
static int column_of(const Work *work, ptrdiff_t row)
{
    return parity_of(row) == work->mosaic->red_row ? work->mosaic->red_column : 1 - work->mosaic->red_column;
}

/* A plane as seen from the other parity's columns: their left and their right neighbours. */
static const float *left_of(const float *plane, int parity) { return parity ? plane : plane - 1; }
static const float *right_of(const float *plane, int parity) { return parity ? plane + 1 : plane; }

static float *take(float **free, ptrdiff_t length)
{
    float *plane = *free;
    *free += length;
    return plane;
}

static int allocate(Work *work)
{
    work->length = (work->width + 2 * MARGIN + 1) / 2;
    work->memory = calloc((size_t)PLANES * (size_t)work->length, sizeof(float));
    if (!work->memory)
        return -1;
    float *free = work->memory;
    for (int row = 0; row < MEASURED_ROWS; row++)
        for (int parity = 0; parity < PARITIES; parity++)
            work->measured[row][parity] = take(&free, work->length);
    for (int row = 0; row < SPARSE_ROWS; row++) {
        work->green[row] = take(&free, work->length);
        work->sparse[row] = take(&free, work->length);
    }
    for (int row = 0; row < FULL_ROWS; row++)
        for (int plane = 0; plane < 3; plane++)
            work->filled[row][plane] = take(&free, work->length);
    for (int colour = 0; colour < COLOURS; colour++) {
        for (int parity = 0; parity < PARITIES; parity++) {
            work->low[colour][parity] = take(&free, work->length);
            work->mid[colour][parity] = take(&free, work->length);
            work->high[colour][parity] = take(&free, work->length);
        }
        work->interpolated[colour] = take(&free, work->length);
        work->indices[colour] = (uint16_t *)take(&free, work->length);
    }
    return 0;
}

static void load(Work *work, ptrdiff_t row)
{
    const Mosaic *mosaic = work->mosaic;
    const Source *source = &mosaic->source;
    const char *start = source->start + mirrored(row, source->height) * source->stride;
    float **planes = work->measured[slot(row, MEASURED_ROWS)];
    int cell = PARITIES * parity_of(row);
    for (int parity = 0; parity < PARITIES; parity++)
        balance((const uint16_t *)start + parity, (work->width + 1 - parity) / 2,
                mosaic->black[cell + parity], mosaic->scale[cell + parity], planes[parity] + FIRST);
    for (ptrdiff_t column = -MARGIN; column < 2 * work->length - MARGIN; column++) {
        ptrdiff_t to = column + MARGIN, from = mirrored(column, work->width) + MARGIN;
        if (column < 0 || column >= work->width)
            planes[to & 1][to / 2] = planes[from & 1][from / 2];
        else
            column = work->width - 1;
    }
}

static void interpolate(Work *work, ptrdiff_t row)
{
    int parity = column_of(work, row);
    float *const *here = work->measured[slot(row, MEASURED_ROWS)];
    const Around around = {
        .own = here[parity],
        .left = left_of(here[1 - parity], parity),
        .right = right_of(here[1 - parity], parity),
        .up = work->measured[slot(row - 1, MEASURED_ROWS)][parity],
        .down = work->measured[slot(row + 1, MEASURED_ROWS)][parity],
        .up2 = work->measured[slot(row - 2, MEASURED_ROWS)][parity],
        .down2 = work->measured[slot(row + 2, MEASURED_ROWS)][parity],
    };
    ptrdiff_t at = slot(row, SPARSE_ROWS);
    interpolate_green(&around, work->length - 1, work->green[at], work->sparse[at]);
}

static void fill(Work *work, ptrdiff_t row)
{
    int own = colour_of(work, row), parity = column_of(work, row), other = RED + BLUE - own;
    ptrdiff_t end = work->length - 1;
    const float *here = work->sparse[slot(row, SPARSE_ROWS)];
    const float *above = work->sparse[slot(row - 1, SPARSE_ROWS)];
    const float *below = work->sparse[slot(row + 1, SPARSE_ROWS)];
    float **filled = work->filled[slot(row, FULL_ROWS)];
    mean_of_two(left_of(here, 1 - parity), right_of(here, 1 - parity), end, filled[0]);
    mean_of_two(above, below, end, filled[1]);
    const float *corners[] = {left_of(above, parity), right_of(above, parity), left_of(below, parity),
                              right_of(below, parity)};
    mean_of_four(corners, end, filled[2]);

    const float *(*full)[COLOURS] = work->full[slot(row, FULL_ROWS)];
    full[parity][own] = here;
    full[1 - parity][own] = filled[0];
    full[1 - parity][other] = filled[1];
    full[parity][other] = filled[2];
}

static void sort(Work *work, ptrdiff_t row, int colour)
{
    for (int parity = 0; parity < PARITIES; parity++)
        sort_columns(work->full[slot(row - 1, FULL_ROWS)][parity][colour],
                     work->full[slot(row, FULL_ROWS)][parity][colour],
                     work->full[slot(row + 1, FULL_ROWS)][parity][colour], work->length - 1,
                     work->low[colour][parity], work->mid[colour][parity], work->high[colour][parity]);
}

/* The columns on the left, of and on the right of those of `parity`. */
static Columns columns_around(const Work *work, int colour, int parity)
{
    float *const *low = work->low[colour], *const *mid = work->mid[colour], *const *high = work->high[colour];
    int other = 1 - parity;
    return (Columns){
        .low = {left_of(low[other], parity), low[parity], right_of(low[other], parity)},
        .mid = {left_of(mid[other], parity), mid[parity], right_of(mid[other], parity)},
        .high = {left_of(high[other], parity), high[parity], right_of(high[other], parity)},
    };
}

static void finish_columns(Work *work, ptrdiff_t row, int parity)
{
    float *const *measured = work->measured[slot(row, MEASURED_ROWS)];
    ptrdiff_t end = FIRST + (work->width + 1 - parity) / 2;
    int has_colour = parity == column_of(work, row);
    const float *colours[COLOURS];
    colours[GREEN] = has_colour ? work->green[slot(row, SPARSE_ROWS)] : measured[parity];
    for (int colour = RED; colour <= BLUE; colour += BLUE - RED) {
        if (has_colour && colour == colour_of(work, row)) {
            colours[colour] = measured[parity];
            continue;
        }
        const Columns columns = columns_around(work, colour, parity);
        add_median(&columns, colours[GREEN], FIRST, end, work->interpolated[colour]);
        colours[colour] = work->interpolated[colour];
    }
    uint16_t *const *to = work->indices;
    mix(colours, work->display->matrix, FIRST, end, to[RED], to[GREEN], to[BLUE]);
    const uint16_t *const indices[] = {to[RED], to[GREEN], to[BLUE]};
    look_up(work->display, indices, FIRST, end, PARITIES * COLOURS, work->out,
            COLOURS * (row * work->width + parity));
}

/* What row `n` needs of the rows below: measured ones to n + 4, green to n + 2, differences to n + 1. */
static void develop_each(Work *work, ptrdiff_t top, ptrdiff_t bottom)
{
    for (ptrdiff_t row = top - MARGIN; row < bottom + MARGIN; row++) {
        load(work, row);
        if (row >= top)
            interpolate(work, row - 2);
        if (row >= top + 2)
            fill(work, row - 3);
        if (row < top + MARGIN)
            continue;
        sort(work, row - MARGIN, RED);
        sort(work, row - MARGIN, BLUE);
        for (int parity = 0; parity < PARITIES; parity++)
            finish_columns(work, row - MARGIN, parity);
    }
}

int develop_rows(const Mosaic *mosaic, const Display *display, void *out, ptrdiff_t top, ptrdiff_t bottom)
{
    Work work = {.mosaic = mosaic, .display = display, .out = out, .width = mosaic->source.width};
    if (allocate(&work) < 0)
        return -1;
    develop_each(&work, top, bottom);
    free(work.memory);
    return 0;
}

static void tint_row(const uint16_t *restrict row, ptrdiff_t count, const Display *display, void *out,
                     ptrdiff_t at)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        const uint16_t *pixel = row + COLOURS * i;
        float r = (float)pixel[RED], g = (float)pixel[GREEN], b = (float)pixel[BLUE];
        uint16_t values[COLOURS];
        for (int colour = 0; colour < COLOURS; colour++) {
            const float *factors = display->matrix + COLOURS * colour;
            float mixed = (factors[0] * r + factors[1] * g) + factors[2] * b;
            values[colour] = (uint16_t)(int32_t)(clipped(mixed / 65535.0f) * 65535.0f + 0.5f);
        }
        const uint16_t *const indices[] = {values + RED, values + GREEN, values + BLUE};
        look_up(display, indices, 0, 1, 0, out, at + COLOURS * i);
    }
}

void tint_rows(const Source *source, const Display *display, void *out, ptrdiff_t top, ptrdiff_t bottom)
{
    for (ptrdiff_t row = top; row < bottom; row++)
        tint_row((const uint16_t *)(source->start + row * source->stride), source->width, display, out,
                 COLOURS * row * source->width);
}
