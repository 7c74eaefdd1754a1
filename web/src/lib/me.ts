// Who uses this page, and what they may do: what they may not is not offered. The daemon decides all the same.

import { useQuery } from "@tanstack/react-query";
import { answer, api } from "../api/client";

export type Permission = "see" | "oneself" | "review" | "operate" | "administer";

/** Until it is known everything is offered: most people are alone here, and refused is refused. */
export function useMe() {
  const { data } = useQuery({ queryKey: ["me"], queryFn: () => answer(api.GET("/api/me")), staleTime: 60_000 });
  return { me: data, may: (permission: Permission) => data?.may.includes(permission) ?? true };
}
