// Checks that are made one after the other, whatever became of those before; each is a line.

import { Step } from '../demo/screen.mjs';

/** What does not hold. */
export class Failed extends Error {}

export function assert(holds, statement) {
  if (!holds) throw new Failed(statement);
}

export function assertEqual(actual, expected, what) {
  assert(actual === expected, `${what}: expected ${expected}, and it is ${actual}`);
}

/** Asks until `condition` gives a value; what it last threw, or `statement`, fails after `seconds`. */
export async function until(seconds, statement, condition) {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const late = Date.now() >= end;
    try {
      const value = await condition();
      if (value) return value;
    } catch (error) {
      if (late) throw error;
    }
    assert(!late, `${statement} within ${seconds} s`);
    await new Promise((wake) => setTimeout(wake, 50));
  }
}

export class Checks {
  passed = 0;
  failed = 0;

  /** `run` is given the step, and returns a detail to print, or nothing. */
  async check(title, run) {
    const step = new Step(title, false);
    try {
      step.done((await run(step)) ?? '');
      ++this.passed;
    } catch (error) {
      step.failed(error.message);
      ++this.failed;
    }
  }
}
