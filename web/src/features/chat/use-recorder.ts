// The microphone: nothing, recording with its level, or why not. The recording never leaves this page but to the daemon.

import { useCallback, useEffect, useRef, useState } from "react";
import { chat as words } from "../../words/chat";

/** As the daemon takes it. */
const MOST = 10 * 1024 * 1024;
/** Longer is stopped. */
const LONGEST = 120_000;
const KINDS = ["audio/webm;codecs=opus", "audio/webm", "audio/ogg;codecs=opus", "audio/mp4"];

export type Recording = { is: "idle" } | { is: "recording"; level: number; seconds: number } | { is: "failed"; why: string };

function whyNot(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  return name === "NotAllowedError" || name === "SecurityError" ? words.voice.denied : words.voice.missing;
}

/** How loud it is, 0 to 1, of samples around 128. */
export function loudness(samples: Uint8Array): number {
  let sum = 0;
  for (const sample of samples) sum += ((sample - 128) / 128) ** 2;
  return Math.min(1, Math.sqrt(sum / Math.max(1, samples.length)) * 4);
}

export function useRecorder(onDone: (audio: Blob) => void) {
  const [state, setState] = useState<Recording>({ is: "idle" });
  const live = useRef<{ recorder: MediaRecorder; end: () => void; wanted: boolean } | undefined>(undefined);
  const done = useRef(onDone);
  done.current = onDone;
  const stop = useCallback((wanted: boolean) => {
    const now = live.current;
    if (!now) return;
    now.wanted = wanted;
    if (now.recorder.state !== "inactive") now.recorder.stop();
  }, []);
  // Leaving the page switches the microphone off.
  useEffect(() => () => stop(false), [stop]);
  const start = useCallback(async () => {
    if (live.current) return;
    if (!("mediaDevices" in navigator) || typeof MediaRecorder === "undefined") return setState({ is: "failed", why: words.voice.missing });
    let stream: MediaStream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch (error) {
      return setState({ is: "failed", why: whyNot(error) });
    }
    const mimeType = KINDS.find((kind) => MediaRecorder.isTypeSupported(kind));
    const recorder = new MediaRecorder(stream, mimeType ? { mimeType } : {});
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 512;
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Uint8Array(analyser.fftSize);
    const began = performance.now();
    const timer = setInterval(() => {
      analyser.getByteTimeDomainData(samples);
      const past = performance.now() - began;
      setState({ is: "recording", level: loudness(samples), seconds: Math.floor(past / 1000) });
      if (past > LONGEST) stop(true);
    }, 100);
    const pieces: Blob[] = [];
    const now = { recorder, wanted: true, end: () => { clearInterval(timer); for (const track of stream.getTracks()) track.stop(); void context.close(); } };
    live.current = now;
    recorder.ondataavailable = (event) => pieces.push(event.data);
    recorder.onstop = () => {
      now.end();
      live.current = undefined;
      const audio = new Blob(pieces, { type: (recorder.mimeType || "audio/webm").split(";")[0] ?? "audio/webm" });
      const why = !now.wanted ? undefined : audio.size === 0 ? words.voice.silent : audio.size > MOST ? words.voice.long : undefined;
      setState(why ? { is: "failed", why } : { is: "idle" });
      if (now.wanted && !why) done.current(audio);
    };
    recorder.start();
    setState({ is: "recording", level: 0, seconds: 0 });
  }, [stop]);
  return { state, start, stop, forget: useCallback(() => setState({ is: "idle" }), []) };
}
