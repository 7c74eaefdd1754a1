// A swipe to the side, as a shortcut for buttons that are there too (WCAG 2.5.1).

import { type TouchEvent, useRef } from "react";

const FAR = 64;

/** Whether something under the finger scrolls sideways itself. */
function scrollsSideways(target: EventTarget): boolean {
  for (let at = target as HTMLElement | null; at; at = at.parentElement) {
    if (at.scrollWidth > at.clientWidth + 1 && /auto|scroll/.test(getComputedStyle(at).overflowX)) return true;
  }
  return false;
}

export function useSwipe({ onLeft, onRight }: { onLeft: () => void; onRight: () => void }) {
  const start = useRef<{ x: number; y: number }>(undefined);
  return {
    onTouchStart: (event: TouchEvent) => {
      const touch = event.touches.length === 1 ? event.touches[0] : undefined;
      start.current = touch && !scrollsSideways(event.target) ? { x: touch.clientX, y: touch.clientY } : undefined;
    },
    onTouchEnd: (event: TouchEvent) => {
      const touch = event.changedTouches[0];
      const from = start.current;
      start.current = undefined;
      if (!touch || !from) return;
      const across = touch.clientX - from.x;
      if (Math.abs(across) < FAR || Math.abs(across) < 2 * Math.abs(touch.clientY - from.y)) return;
      if (across < 0) onLeft();
      else onRight();
    },
  };
}
