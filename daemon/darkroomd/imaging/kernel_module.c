/* The kernel for Python: buffers are taken, looked at, worked on without the interpreter's lock, released. */

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <string.h>

#include "kernel.h"

/* Side of a picture, far below where a product of sizes overflows. */
enum { LONGEST = 1 << 20 };

enum { SOURCE, OUT, TABLES, MATRIX, BLACK, SCALE, BUFFERS };

static int is_of(const Py_buffer *view, const char *format, int dimensions)
{
    return view->ndim == dimensions && view->format && strcmp(view->format, format) == 0;
}

static int is_picture(const Py_buffer *view, const char *format, Py_ssize_t height, Py_ssize_t width)
{
    return is_of(view, format, 3) && view->shape[0] == height && view->shape[1] == width
        && view->shape[2] == COLOURS;
}

static int are_numbers(const Py_buffer *view, Py_ssize_t rows, Py_ssize_t columns)
{
    return is_of(view, "f", 2) && view->shape[0] == rows && view->shape[1] == columns;
}

static void release(Py_buffer *views, int count)
{
    for (int i = 0; i < count; i++)
        PyBuffer_Release(&views[i]);
}

static int acquire(PyObject *const *objects, Py_buffer *views, int count)
{
    for (int i = 0; i < count; i++) {
        int flags = i == SOURCE ? PyBUF_STRIDED_RO : PyBUF_C_CONTIGUOUS;
        if (i == OUT)
            flags |= PyBUF_WRITABLE;
        if (PyObject_GetBuffer(objects[i], &views[i], flags | PyBUF_FORMAT) < 0) {
            release(views, i);
            return -1;
        }
    }
    return 0;
}

/* What both functions ask of their buffers; `mosaic` says that the source has no third dimension. */
static const char *complaint(const Py_buffer *views, int mosaic, Py_ssize_t top, Py_ssize_t bottom)
{
    const Py_buffer *source = &views[SOURCE], *tables = &views[TABLES];
    if (!is_of(source, "H", mosaic ? 2 : 3))
        return "The source is no array of 16-bit values of the right dimensions.";
    Py_ssize_t height = source->shape[0], width = source->shape[1], least = mosaic ? 2 : 1;
    if (height < least || width < least || height > LONGEST || width > LONGEST)
        return "The picture is too small or too large.";
    Py_ssize_t pixel = mosaic ? 2 : 2 * COLOURS;
    if (source->strides[1] != pixel || source->strides[0] % 2)
        return "The source's rows are no sequences of pixels.";
    if (!mosaic && (source->shape[2] != COLOURS || source->strides[2] != 2))
        return "The source's pixels are no three values.";
    if (!is_of(tables, "H", 2) && !is_of(tables, "B", 2))
        return "The tables are neither of 8 nor of 16 bits.";
    if (tables->shape[0] != COLOURS || tables->shape[1] != LEVELS)
        return "The tables are not three times 65536 long.";
    if (!is_picture(&views[OUT], tables->format, height, width))
        return "The output has not the shape of the source and the type of the tables.";
    if (!are_numbers(&views[MATRIX], COLOURS, COLOURS))
        return "The matrix is not three by three 32-bit numbers.";
    if (mosaic && !(are_numbers(&views[BLACK], 2, 2) && are_numbers(&views[SCALE], 2, 2)))
        return "Black and scale are not two by two 32-bit numbers.";
    if (top < 0 || bottom < top || bottom > height)
        return "The rows are not in the picture.";
    return NULL;
}

static Source source_of(const Py_buffer *views)
{
    const Py_buffer *view = &views[SOURCE];
    return (Source){view->buf, view->strides[0], view->shape[0], view->shape[1]};
}

static Display display_of(const Py_buffer *views)
{
    return (Display){views[MATRIX].buf, views[TABLES].buf, (int)views[TABLES].itemsize};
}

static PyObject *refuse(Py_buffer *views, int count, const char *reason)
{
    release(views, count);
    PyErr_SetString(PyExc_ValueError, reason);
    return NULL;
}

PyDoc_STRVAR(develop_doc,
             "develop(mosaic, out, tables, matrix, black, scale, red_row, red_column, top, bottom)\n--\n\n"
             "Write rows `top` to `bottom` of the picture that a Bayer mosaic makes.");

static PyObject *develop(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *objects[BUFFERS];
    Py_buffer views[BUFFERS];
    int red_row, red_column;
    Py_ssize_t top, bottom;
    if (!PyArg_ParseTuple(arguments, "OOOOOOiinn:develop", &objects[SOURCE], &objects[OUT], &objects[TABLES],
                          &objects[MATRIX], &objects[BLACK], &objects[SCALE], &red_row, &red_column, &top,
                          &bottom)
        || acquire(objects, views, BUFFERS) < 0)
        return NULL;
    const char *reason = complaint(views, 1, top, bottom);
    if (!reason && ((red_row | red_column) & ~1))
        reason = "Red is in the first or second row and column.";
    if (reason)
        return refuse(views, BUFFERS, reason);
    const Mosaic mosaic = {source_of(views), views[BLACK].buf, views[SCALE].buf, red_row, red_column};
    const Display display = display_of(views);
    int status;
    Py_BEGIN_ALLOW_THREADS
    status = develop_rows(&mosaic, &display, views[OUT].buf, top, bottom);
    Py_END_ALLOW_THREADS
    release(views, BUFFERS);
    if (status < 0)
        return PyErr_NoMemory();
    Py_RETURN_NONE;
}

PyDoc_STRVAR(tint_doc, "tint(picture, out, tables, matrix, top, bottom)\n--\n\n"
                       "Write rows `top` to `bottom` of a linear picture through matrix and tables.");

static PyObject *tint(PyObject *module, PyObject *arguments)
{
    (void)module;
    PyObject *objects[BLACK];
    Py_buffer views[BLACK];
    Py_ssize_t top, bottom;
    if (!PyArg_ParseTuple(arguments, "OOOOnn:tint", &objects[SOURCE], &objects[OUT], &objects[TABLES],
                          &objects[MATRIX], &top, &bottom)
        || acquire(objects, views, BLACK) < 0)
        return NULL;
    const char *reason = complaint(views, 0, top, bottom);
    if (reason)
        return refuse(views, BLACK, reason);
    const Source source = source_of(views);
    const Display display = display_of(views);
    Py_BEGIN_ALLOW_THREADS
    tint_rows(&source, &display, views[OUT].buf, top, bottom);
    Py_END_ALLOW_THREADS
    release(views, BLACK);
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"develop", develop, METH_VARARGS, develop_doc},
    {"tint", tint, METH_VARARGS, tint_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_kernel",
    .m_doc = "From a Bayer mosaic to display values in one pass.",
    .m_methods = functions,
};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModuleDef_Init(&definition); }
