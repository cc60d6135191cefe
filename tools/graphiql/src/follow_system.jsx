/* GraphiQL asks for the system's colour scheme once; this asks again when the system changes it. */
import { useGraphiQL, useGraphiQLActions } from '@graphiql/react';
import { useEffect } from 'react';

export function FollowSystem() {
  const theme = useGraphiQL((state) => state.theme);
  const { setTheme } = useGraphiQLActions();
  useEffect(() => {
    if (theme !== null) return undefined;
    const dark = matchMedia('(prefers-color-scheme: dark)');
    const again = () => setTheme(null);
    dark.addEventListener('change', again);
    return () => dark.removeEventListener('change', again);
  }, [theme, setTheme]);
  return null;
}
