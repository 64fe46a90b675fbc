// Nothing waits for ever: `promise`, or an error that says what did not happen.
export async function within(milliseconds, promise, what) {
  let timer;
  const late = new Promise((_, reject) => {
    const say = () => (typeof what === 'function' ? what() : what);
    timer = setTimeout(() => reject(new Error(`waited ${milliseconds} ms for ${say()}`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
