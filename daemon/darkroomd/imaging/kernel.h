/* What the kernel computes, free of Python; `kernel_module.c` gives it buffers that it has looked at. */

#ifndef DARKROOM_KERNEL_H
#define DARKROOM_KERNEL_H

#include <stddef.h>
#include <stdint.h>

enum { RED, GREEN, BLUE, COLOURS, LEVELS = 65536 };

/* Rows of 16-bit values, `stride` bytes apart. */
typedef struct {
    const char *start;
    ptrdiff_t stride, height, width;
} Source;

/* A Bayer mosaic of at least two by two; black and scale by cell, row by row. */
typedef struct {
    Source source;
    const float *black, *scale;
    int red_row, red_column;
} Mosaic;

/* A matrix of three by three to linear sRGB, then tables[colour][value * 65535 + 1/2], of 1 or 2 bytes. */
typedef struct {
    const float *matrix;
    const void *tables;
    int bytes;
} Display;

/* Write the rows from `top` to before `bottom` of `out`, three values a pixel; -1: there is no memory.
 * Rows are the same whichever of them are asked for together. */
int develop_rows(const Mosaic *mosaic, const Display *display, void *out, ptrdiff_t top, ptrdiff_t bottom);

/* The same for a linear picture: a pixel is three values of 0 to 65535. */
void tint_rows(const Source *source, const Display *display, void *out, ptrdiff_t top, ptrdiff_t bottom);

#endif
