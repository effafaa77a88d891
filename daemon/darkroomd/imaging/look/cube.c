/* Colours through a table of colours, in whole numbers and in place; `_between` of `cube.py` is its reference. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <string.h>

enum { COLOURS = 3, FULL = 65535, WIDER = 257, SMALLEST = 2, LARGEST = 65 };

typedef struct {
    const uint16_t *nodes;
    uint32_t cells;
    uint32_t step[COLOURS]; /* from a node to the next one along red, green and blue */
} Table;

typedef struct {
    uint32_t fraction, step;
} Axis;

static void order(Axis *first, Axis *second)
{
    if (first->fraction < second->fraction) {
        Axis other = *first;
        *first = *second;
        *second = other;
    }
}

/* The way from a cell's dark corner to its bright one goes along the axis of the largest fraction first. No sum
 * is beyond 65535 * 65535 + 32767, which 32 bits hold. */
static void look_up(const Table *table, const uint32_t *values, uint32_t *found)
{
    Axis axis[COLOURS];
    uint32_t at = 0;
    for (int colour = 0; colour < COLOURS; colour++) {
        uint32_t place = values[colour] * table->cells, cell = place / FULL;
        if (cell == table->cells)
            cell--;
        at += cell * table->step[colour];
        axis[colour] = (Axis){place - cell * FULL, table->step[colour]};
    }
    order(&axis[0], &axis[1]);
    order(&axis[1], &axis[2]);
    order(&axis[0], &axis[1]);
    const uint16_t *start = table->nodes + at, *first = start + axis[0].step, *second = first + axis[1].step,
                   *last = second + axis[2].step;
    uint32_t of_start = FULL - axis[0].fraction, of_first = axis[0].fraction - axis[1].fraction,
             of_second = axis[1].fraction - axis[2].fraction, of_last = axis[2].fraction;
    for (int colour = 0; colour < COLOURS; colour++)
        found[colour] = (start[colour] * of_start + first[colour] * of_first + second[colour] * of_second
                         + last[colour] * of_last + FULL / 2) / FULL;
}

static void row_of_16(const Table *table, uint16_t *row, Py_ssize_t width)
{
    for (uint16_t *pixel = row; pixel < row + COLOURS * width; pixel += COLOURS) {
        uint32_t values[COLOURS] = {pixel[0], pixel[1], pixel[2]}, found[COLOURS];
        look_up(table, values, found);
        for (int colour = 0; colour < COLOURS; colour++)
            pixel[colour] = (uint16_t)found[colour];
    }
}

static void row_of_8(const Table *table, uint8_t *row, Py_ssize_t width)
{
    for (uint8_t *pixel = row; pixel < row + COLOURS * width; pixel += COLOURS) {
        uint32_t values[COLOURS] = {pixel[0] * WIDER, pixel[1] * WIDER, pixel[2] * WIDER}, found[COLOURS];
        look_up(table, values, found);
        for (int colour = 0; colour < COLOURS; colour++)
            pixel[colour] = (uint8_t)((found[colour] + WIDER / 2) / WIDER);
    }
}

static const char *complaint(const Py_buffer *pixels, const Py_buffer *nodes)
{
    if (pixels->ndim != COLOURS || pixels->shape[2] != COLOURS || !pixels->format
        || (strcmp(pixels->format, "H") && strcmp(pixels->format, "B")))
        return "The picture is no array (height, width, 3) of 8 or 16 bits.";
    if (nodes->ndim != COLOURS + 1 || !nodes->format || strcmp(nodes->format, "H"))
        return "The table is no array (n, n, n, 3) of 16 bits.";
    Py_ssize_t size = nodes->shape[0];
    if (size < SMALLEST || size > LARGEST || nodes->shape[1] != size || nodes->shape[2] != size
        || nodes->shape[3] != COLOURS)
        return "The table has not from 2 to 65 nodes along each side.";
    return NULL;
}

static void put_through(const Py_buffer *pixels, const Py_buffer *nodes)
{
    uint32_t size = (uint32_t)nodes->shape[0];
    const Table table = {nodes->buf, size - 1, {size * size * COLOURS, size * COLOURS, COLOURS}};
    Py_ssize_t count = pixels->shape[0] * pixels->shape[1];
    if (pixels->itemsize == 1)
        row_of_8(&table, pixels->buf, count);
    else
        row_of_16(&table, pixels->buf, count);
}

PyDoc_STRVAR(apply_doc, "apply(pixels, nodes)\n--\n\nPut display values through a table of colours, in place.");

static PyObject *apply(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *picture, *table;
    Py_buffer pixels, nodes;
    if (!PyArg_ParseTuple(arguments, "OO:apply", &picture, &table)
        || PyObject_GetBuffer(picture, &pixels, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE | PyBUF_FORMAT) < 0)
        return NULL;
    if (PyObject_GetBuffer(table, &nodes, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0) {
        PyBuffer_Release(&pixels);
        return NULL;
    }
    const char *reason = complaint(&pixels, &nodes);
    if (!reason) {
        Py_BEGIN_ALLOW_THREADS
        put_through(&pixels, &nodes);
        Py_END_ALLOW_THREADS
    }
    PyBuffer_Release(&pixels);
    PyBuffer_Release(&nodes);
    if (reason) {
        PyErr_SetString(PyExc_ValueError, reason);
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"apply", apply, METH_VARARGS, apply_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_cube",
    .m_doc = "Colours through a table of colours.",
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__cube(void) { return PyModuleDef_Init(&definition); }
